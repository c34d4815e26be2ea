"""Benchmarks: the product beside others that do the same, on this machine, in turns."""
