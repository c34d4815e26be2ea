"""labels.classes"""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest

from labels import FOLDER
from labels.classes import ClassName, LabelsError, default_labels, match_labels, read_labels

CSV = "index,english,chinese\n0,cat,猫\n1,dog,\n"


@pytest.fixture
def labels_file(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(CSV, "utf-8")
    return path


def test_imagenet_has_a_distinct_name_for_each_of_its_thousand_classes() -> None:
    names = read_labels(FOLDER / "imagenet.csv")
    assert sorted(names) == list(range(1000))
    assert len({name.english for name in names.values()}) == 1000
    assert names[281].english == "tabby"


def test_imagenet_is_in_the_order_of_keras() -> None:
    lines = (FOLDER / "imagenet.csv").read_text("utf-8").splitlines()[1:]
    wnids = [line.split(",")[1] for line in lines]
    assert wnids == sorted(wnids)
    assert len(set(wnids)) == 1000


def test_imagenet_has_a_distinct_chinese_name_for_each_class() -> None:
    names = [name.chinese for name in read_labels(FOLDER / "imagenet.csv").values()]
    assert len(set(names)) == 1000
    assert [name for name in names if not 1 <= len(name) <= 12] == []


def test_imagenet_s_chinese_names_are_written_in_chinese() -> None:
    names = {name.chinese for name in read_labels(FOLDER / "imagenet.csv").values()}
    other = {name for name in names if not re.fullmatch(r"[\u3400-\u4dbf\u4e00-\u9fff]+", name)}
    assert other == {"CD播放机", "iPod音乐播放器", "T恤", "福特T型车"}  # written so in Chinese, too


def test_imagenet_s_english_names_differ_by_more_than_capitals() -> None:
    names = read_labels(FOLDER / "imagenet.csv").values()
    assert len({name.english.lower() for name in names}) == 1000


def test_demo_names_are_in_both_languages() -> None:
    names = read_labels(default_labels("demo"))
    assert len(names) == 12
    assert all(name.english and name.chinese for name in names.values())


def test_model_without_names_of_its_own_gets_imagenet_s() -> None:
    assert default_labels("resnet50").name == "imagenet.csv"


def test_english_stands_in_for_a_missing_chinese_name(labels_file: Path) -> None:
    names = read_labels(labels_file)
    assert names[0].in_language("zh") == "猫"
    assert names[0].in_language("en") == "cat"
    assert names[1].in_language("zh") == "dog"


def test_sheet_with_class_no_and_class_en_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["class_NO", "class_EN"], [1, "tench, Tinca tinca"], [2.0, "goldfish"]):
        sheet.append(row)
    book.save(tmp_path / "Image_label.xlsx")
    names = read_labels(tmp_path / "Image_label.xlsx")
    assert names[1] == ClassName(english="tench, Tinca tinca", chinese="")
    assert names[2].english == "goldfish"


def test_csv_of_such_a_sheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("﻿class_NO,class_EN\n0,background\n", "utf-8")
    assert read_labels(path)[0].english == "background"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no class"),
        ("number,name\n0,cat\n", "line 2: expected columns index and english"),
        ("index,english\nzero,cat\n", "line 2: expected columns"),
        ("index,english\n0,cat\n0,dog\n", "line 3: class 0 stands there twice"),
        ("index,english\n-1,cat\n", "line 2: expected columns"),
    ],
)
def test_useless_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(LabelsError, match=message):
        read_labels(path)


def test_file_that_is_no_sheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.xlsx"
    path.write_bytes(b"not a zip file")
    with pytest.raises(LabelsError, match=r"labels\.xlsx cannot be read"):
        read_labels(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="cannot be read"):
        read_labels(tmp_path / "none.csv")


NAMES = {0: ClassName(english="cat", chinese=""), 1: ClassName(english="dog", chinese="")}


def test_names_match_a_model_of_as_many_classes() -> None:
    assert match_labels(NAMES, 2) == NAMES


def test_one_class_more_means_a_background_class_first() -> None:
    assert match_labels(NAMES, 3) == {1: NAMES[0], 2: NAMES[1]}


def test_sheet_that_counts_from_one_already_allows_for_the_background() -> None:
    from_one = {1: NAMES[0], 2: NAMES[1]}
    assert match_labels(from_one, 3) == from_one


def test_names_of_another_model_are_refused() -> None:
    with pytest.raises(LabelsError, match="the model has 12 classes, the label file names 2"):
        match_labels(NAMES, 12)
