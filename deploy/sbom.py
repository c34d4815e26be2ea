"""`python -m deploy.sbom [FOLDER]`: what every image holds, as CycloneDX, made from the lock files.

CycloneDX's own tool reads the lock: names, versions, hashes. What a lock does not know, the
licences, is added here. Nothing is fetched.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.licences import UnknownLicenceError, licences
from deploy.lock import IMAGES, ROOT, packages

_PROGRAMS = ROOT / ".venv" / "deploy" / "bin"
_TOOL = _PROGRAMS / "cyclonedx-py"
_VALIDATION = """
import pathlib, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
validator = JsonStrictValidator(SchemaVersion.V1_6)
for path in sys.argv[1:]:
    if error := validator.validate_str(pathlib.Path(path).read_text("utf-8")):
        sys.exit(f"{path}: {error}")
"""


def write(image: str, folder: Path, known: dict[str, str]) -> Path:
    """Write the bill of one image; return where it is."""
    path = folder / f"kantu-{image}.cdx.json"
    lock = ROOT / "requirements" / f"{image}.txt"
    options = ["--no-validate", "--output-reproducible", "--output-file", str(path)]
    done = subprocess.run(  # noqa: S603  # our own command
        [str(_TOOL), "requirements", *options, str(lock)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    bill = json.loads(path.read_text("utf-8"))
    bill["metadata"]["component"] = {
        "type": "container", "name": f"kantu-{image}", "bom-ref": f"kantu-{image}",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }  # fmt: skip
    bill["components"] = [_completed(each, known) for each in bill["components"]]
    found = {(each["name"], each["version"]) for each in bill["components"]}
    missing = {(each.name, each.version) for each in packages(image)} - found
    if missing:
        raise SystemExit(f"{path} lacks {sorted(missing)}")
    path.write_text(json.dumps(bill, indent=1) + "\n", "utf-8")
    return path


def _completed(component: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    component.pop("description")  # the line of the lock, hashes and all
    return {**component, "licenses": [{"expression": known[component["name"]]}]}


def main(folder: Path) -> int:
    """Write the bills of all images; return the exit status."""
    if not _TOOL.exists():
        sys.stderr.write(f"there is no {_TOOL}; make sbom and make check-deploy install it\n")
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    try:
        known = licences()
    except UnknownLicenceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    bills = [write(image, folder, known) for image in IMAGES]
    done = subprocess.run(  # noqa: S603  # our own command
        [_PROGRAMS / "python", "-c", _VALIDATION, *bills], check=False
    )
    for bill in bills:
        sys.stdout.write(f"{bill}\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "sbom")))
