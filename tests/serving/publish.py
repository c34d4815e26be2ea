"""`python -m tests.serving.publish FOLDER [ROOT]`: what the conformance tests ask, for any server.

Its models go into FOLDER with a models.config, which names them as lying in ROOT: where the server,
say in a container, has that folder.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import tests.models
from tests.serving.conftest import NAMES

LABEL = 'version_labels { key: "stable" value: 1 }'


def main(arguments: Sequence[str]) -> int:
    """Write the models and their config."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write("usage: python -m tests.serving.publish FOLDER [ROOT]\n")
        return 2
    folder = Path(arguments[0]).absolute()
    root = Path(arguments[-1]).absolute()
    for name in NAMES:
        tests.models.ALL[name](folder / name / "1")
    entries = (
        f'  config {{ name: "{name}" base_path: "{root / name}" model_platform: "tensorflow" '
        f"{LABEL if name == 'half_plus_two' else ''} }}\n"
        for name in NAMES
    )
    (folder / "models.config").write_text(f"model_config_list {{\n{''.join(entries)}}}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
