"""The documents tell the truth: commands, links, tables, and the program in own-model.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("serving/**/*.md")]
    if path.name != "STYLE.md"
)
READMES = (ROOT / "README.md", ROOT / "README.zh.md")


def text(path: Path) -> str:
    return path.read_text("utf-8")


def commands(readme: Path) -> list[str]:
    """Return the indented lines of a readme, without their comments."""
    return [
        line.partition("#")[0].strip()
        for line in re.findall(r"^    (\S.*)$", text(readme), re.MULTILINE)
    ]


def rows(document: Path) -> list[list[str]]:
    """Return the cells of each line of a table that holds a percentage."""
    lines = [line for line in text(document).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if " % |" in line]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", text(document))
    local = [target for target in targets if not target.startswith("http")]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist(document: Path) -> None:
    named = re.findall(r"`((?:[a-z_]+/|test_)[\w./-]*\.(?:py|toml|sh|yml))`", text(document))
    tops = {path.name for path in ROOT.iterdir() if path.is_dir()}
    ours = [name for name in named if name.split("/")[0] in tops]
    tests = [name for name in named if name not in ours and "test_" in name]
    assert [name for name in ours if not (ROOT / name).exists()] == []
    assert [name for name in tests if not list((ROOT / "tests").rglob(name))] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    said = set(re.findall(r"(?:^    |`)make ([a-z-]+)", text(document), re.MULTILINE))
    assert said <= targets


def test_make_help_lists_every_target_for_people() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^make (\S+)", done.stdout, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    assert listed == {target for target in targets if not target.startswith("setup")}


def test_readmes_in_both_languages_say_the_same() -> None:
    english, chinese = READMES
    for pattern in (r"^(#+) ", r"\]\(([^)]+)\)", r"^\|"):
        counts = [
            len(re.findall(pattern, text(readme), re.MULTILINE)) for readme in (english, chinese)
        ]
        assert counts[0] == counts[1], pattern
    other = [line for line in commands(chinese) if "participant" not in line]
    assert [c for c in commands(english) if c.startswith(("make", "curl", ".venv"))] == [
        c for c in other if c.startswith(("make", "curl", ".venv"))
    ]


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_readme_opens_with_one_sentence_a_picture_and_two_commands(readme: Path) -> None:
    opening = text(readme)[: text(readme).index("\n## ")]
    assert opening.count("**") == 2
    picture = "chat.zh.png" if "zh" in readme.name else "chat.png"
    assert f"](docs/images/{picture})" in opening
    assert commands(readme)[:2] == ["make demo", "make test"]


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_readme_s_figures_are_those_of_the_report(readme: Path) -> None:
    reports = ("serving/models/demo/report.md", "bench/results/answers.md")
    report = [cells for each in reports for cells in rows(ROOT / each)]
    names = [cells[0] for cells in rows(READMES[0])]  # those of the other are translated
    said = [cells[1:] for cells in rows(readme)]
    assert len(names) >= 5
    assert said == [next(cells[1:] for cells in report if cells[0] == name) for name in names]


def test_pictures_of_the_product_are_taken_by_the_script_and_shown_somewhere() -> None:
    """Links lead somewhere, so those that a document names are there as well."""
    script = text(ROOT / "docs" / "screenshots.py")
    taken = set(re.findall(r'^    "([a-z.-]+\.png)": ', script, re.MULTILINE))
    everything = "\n".join(map(text, DOCUMENTS))
    assert taken == {path.name for path in (ROOT / "docs" / "images").glob("*.png")}
    assert {name for name in taken if f"images/{name})" not in everything} == set()


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", text(folder / "README.md"))
    assert listed == sorted(path.name for path in folder.glob("0*.md"))


_FLOWERS = """
import keras
model = keras.Sequential([
    keras.Input((180, 180, 3)), keras.layers.Rescaling(1 / 255),
    keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax"),
])
model.save("flowers.keras")
"""


def test_program_for_a_model_of_one_s_own_works(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", text(ROOT / "docs" / "own-model.md"), re.DOTALL)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    for code in (_FLOWERS, program):
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "serving" / "models" / "flowers" / "1" / "saved_model.pb").exists()
