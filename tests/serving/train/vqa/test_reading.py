"""serving.train.vqa.reading and lexicon: from what was typed to tokens."""

from __future__ import annotations

import pickle

import pytest
import tensorflow as tf

from serving.train.vqa import exam, lexicon, reading
from serving.train.vqa.reading import GRAMS, LINES, TOKENS, UNSEEN, Reader
from serving.train.vqa.wording import FOLDER


@pytest.fixture(scope="module")
def reader() -> Reader:
    english, chinese = (each.words for each in exam.languages(FOLDER))
    vocabulary = ["what", "is", "c1", "s1", "howmany"]
    return Reader(lexicon.rules(english, chinese), lexicon.characters(), vocabulary)


def normal(reader: Reader, text: str) -> list[str]:
    return str(reader.normalise(tf.constant([text])).numpy()[0].decode()).split()


def test_a_reader_comes_whole_from_another_process(reader: Reader) -> None:
    again = pickle.loads(pickle.dumps(reader))  # noqa: S301  # our own
    texts = ["how many red discs", "几个紅色圆圈"]
    for ours, theirs in zip(
        *(each.read(each.normalise(texts)) for each in (reader, again)), strict=True
    ):
        assert (ours.numpy() == theirs.numpy()).all()


@pytest.mark.parametrize(
    "text",
    [
        "how many red circles",
        "How many CRIMSON discs?!",
        "ｈｏｗ　ｍａｎｙ　ｒｅｄ　ｄｏｔｓ",
        "how many scarlet dots, please",
    ],
)
def test_english_of_one_sense_is_one(reader: Reader, text: str) -> None:
    assert normal(reader, text) == ["how", "many", "c1", "s1"]


@pytest.mark.parametrize(
    "text", ["几个红色圆形", "幾個紅色圓形？", "请问几个大红圆圈呀", "多少个朱红圆点"]
)
def test_chinese_of_one_sense_is_one(reader: Reader, text: str) -> None:
    assert normal(reader, text) == ["howmany", "c1", "s1"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("粉红色的正方形", ["c7", "of", "s2"]),
        ("长方形", ["s4"]),
        ("从左往右数第一个", ["o3"]),
        ("the one bigger than all the others", ["the", "o1"]),
        (
            "is it to the right of the lime green box",
            ["is", "it", "to", "the", "right", "of", "the", "c4", "s2"],
        ),
        ("🔴", ["@"]),
        ("谢谢", []),
        ("", []),
    ],
)
def test_words_become_their_sense(reader: Reader, text: str, tokens: list[str]) -> None:
    assert normal(reader, text) == tokens


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a", ["", "", "", "a"]),
        ("a\n\n \nb", ["", "", "a", "b"]),
        ("a\nb\nc\nd\ne\n", ["b", "c", "d", "e"]),
        ("", [""] * LINES),
    ],
)
def test_the_last_lines_count(text: str, lines: list[str]) -> None:
    found = reading.split(tf.constant([text, "x\ny"])).numpy()
    assert [each.decode() for each in found[0]] == lines
    assert found.shape == (2, LINES)


def test_known_words_have_numbers_and_all_have_their_letters(reader: Reader) -> None:
    lines = reader.read(tf.constant(["what blorp", "c1"]))
    assert lines.words.numpy().tolist() == [[2, 3, UNSEEN], [2, 5, 0]]
    assert lines.grams.shape == (2, 3, GRAMS)
    assert (lines.grams.numpy() > 0).sum(axis=-1).tolist() == [[0, 4, 5], [0, 2, 0]]
    assert lines.whole.numpy().all()


def test_long_lines_are_cut_and_known_to_be(reader: Reader) -> None:
    lines = reader.read(tf.constant(["what " * 100, "what"]))
    assert lines.words.shape == (2, TOKENS)
    assert lines.whole.numpy().tolist() == [False, True]


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"\xe5\x9c", b"\x00", "圆".encode() * 10_000])
def test_any_bytes_can_be_read(reader: Reader, text: bytes) -> None:
    lines = reading.split(reader.normalise(tf.constant([text])))
    assert reader.read(tf.reshape(lines, [-1])).words.shape[0] == LINES
