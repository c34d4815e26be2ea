"""`python -m deploy.licences`: write docs/licences.md, the licence of every package in our images.

With --check nothing is written: the exit status is 1 where the page does not fit the locks. A
licence that is on no list of ours stops both: somebody must read it first.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import sys
from collections.abc import Mapping

from deploy.lock import IMAGES, ROOT, Package, packages

PAGE = ROOT / "docs" / "licences.md"

# They ask for their text and their names to be kept, and for nothing of ours.
PERMISSIVE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "MIT", "MIT-0",
    "MIT-CMU", "PSF-2.0", "Zlib",
}  # fmt: skip
# Changes to their own files must be published, if those are passed on. We change none.
WEAK = {"MPL-2.0"}

# How packages say it that were published before licences had a grammar (PEP 639).
_SPOKEN = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 3-Clause": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# Read by a person in the files of the package, since its metadata does not say, or not clearly.
_READ = {
    "astunparse": "BSD-3-Clause AND PSF-2.0",
    "async-timeout": "Apache-2.0",  # on an older Python only
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "namex": "Apache-2.0",
    "rq-dashboard": "BSD-2-Clause",
}


class UnknownLicenceError(Exception):
    """Packages whose licence is on no list; the text names each."""


def licence(name: str) -> str:
    """Return the licence of a package as an SPDX expression; empty where none is known."""
    if name in _READ:
        return _READ[name]
    try:
        said = importlib.metadata.metadata(name).json
    except importlib.metadata.PackageNotFoundError:
        return ""
    if expression := said.get("license_expression"):
        return str(expression)
    classifiers = [each.rpartition(" :: ")[2] for each in said.get("classifier", [])]
    for spoken in (str(said.get("license", "")), *classifiers):
        if spoken in PERMISSIVE | WEAK or spoken in _SPOKEN:
            return _SPOKEN.get(spoken, spoken)
    return ""


def known(expression: str) -> bool:
    """Return whether every licence that an SPDX expression names is on a list of ours."""
    named = set(re.findall(r"[A-Za-z0-9.+-]+", expression)) - {"AND", "OR"}
    return bool(named) and named <= PERMISSIVE | WEAK


def licences() -> dict[str, str]:
    """Return every package's licence by its name; raise UnknownLicenceError."""
    names = {package.name for image in IMAGES for package in packages(image)}
    found = {name: licence(name) for name in sorted(names)}
    unknown = [f"{name}: {said or 'none'}" for name, said in found.items() if not known(said)]
    if unknown:
        raise UnknownLicenceError(
            "licences that are on no list; read them, then see deploy/licences.py:\n  "
            + "\n  ".join(unknown)
        )
    return found


def page(found: Mapping[str, str]) -> str:
    """Return the page."""
    held: dict[Package, list[str]] = {}
    for image in IMAGES:
        for package in packages(image):
            held.setdefault(package, []).append(image)
    rows = [
        f"| {package.name} | {package.version} | {found[package.name]} | {', '.join(images)} |"
        for package, images in sorted(held.items())
    ]
    return _HEAD + "\n".join(rows) + "\n"


_HEAD = """# Licences

Kantu is under Apache-2.0. This page lists every Python package that its images hold, by the lock
files in `requirements/`. `make licences` writes it, `make check-deploy` holds it against them.

All are permissive, but for those under MPL-2.0, whose own files would have to be published where
somebody changes them and passes them on; we change none. None asks anything of our code.

Programs that run beside ours, from images of their own, unchanged:

| program | licence |
| --- | --- |
| Python, and Debian below it | PSF-2.0; Debian's packages have their own |
| nginx | BSD-2-Clause |
| Redis 7.4 | RSALv2 or SSPLv1, as you choose: run it for yourself, do not sell it as a service |
| TensorFlow Serving | Apache-2.0 |
| HAProxy, on Kubernetes | GPL-2.0-or-later |

Where neither will do: Redis 7.0, which our tests run with, is under BSD-3-Clause.

| package | version | licence | in the images |
| --- | --- | --- | --- |
"""


def main(arguments: list[str]) -> int:
    """Write the page, or check it; return the exit status."""
    flags = argparse.ArgumentParser(prog="python -m deploy.licences", description=__doc__)
    flags.add_argument(
        "--check", action="store_true", help="write nothing; 1 where it does not fit"
    )
    try:
        text = page(licences())
    except UnknownLicenceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not flags.parse_args(arguments).check:
        PAGE.write_text(text, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        sys.stderr.write("docs/licences.md does not fit the locks; write it anew: make licences\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
