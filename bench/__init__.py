"""Benchmarks: the product beside others that do the same, on this machine, in turns."""

import os

# Where it is set, all is compiled at each start: that takes seconds, and half as much memory again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
