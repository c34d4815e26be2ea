"""`python -m serving doctor`: ask the server that runs, or load the models of the config here."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence

from serving.auth import AuthError
from serving.config_file import ConfigError
from serving.doctor import disk, live, machine
from serving.doctor.finding import Finding
from serving.flags import FlagError, Flags, parse, usage
from serving.lifecycle.config import ModelConfig, configured

_INTRODUCTION = """\
python -m serving doctor takes the flags of the server and says what is served, in which versions
and by which signatures, and how long a request takes. Where a server answers on --rest_api_host and
--rest_api_port it is asked; otherwise the models are loaded here, and let go again.

"""


def main(arguments: Sequence[str]) -> int:
    """Print the findings; return 0 where all is well, 1 where something is not, 2 for bad flags."""
    if {"--help", "-h"} & set(arguments):
        sys.stdout.write(_INTRODUCTION + usage())
        return 0
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        flags, _ = parse(arguments)
        models, _ = configured(flags)
        findings = examine(flags, models)
    except (FlagError, ConfigError, AuthError) as error:
        sys.stderr.write(f"doctor: {error}\n")
        return 2
    well = True
    for finding in findings:
        sys.stdout.write(f"{finding.text}\n")
        sys.stdout.flush()  # the next may take long
        well = well and finding.well
    sys.stdout.write("all is well\n" if well else "not all is well: see ! above\n")
    return 0 if well else 1


def examine(flags: Flags, models: Sequence[ModelConfig]) -> Iterator[Finding]:
    """Give what there is to say, line by line."""
    server = live.find(flags)
    if server is None:
        yield Finding(
            f"no server answers on port {flags.rest_api_port}: the models are loaded here"
        )
        yield from disk.examine(flags, models)
        return
    yield Finding(f"a server answers on {server.url}: it is asked")
    yield machine.process(flags.rest_api_port)
    yield machine.accelerators()
    for model in models:
        yield from live.examine(server, model)
