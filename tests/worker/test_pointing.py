"""worker.pointing"""

from __future__ import annotations

import pytest

from contract.album import Snapshot
from worker.pointing import point


def kept(*numbers: int) -> list[Snapshot]:
    """Return pictures by their numbers among those that came together; named a, b, c."""
    return [
        Snapshot(id=name, received=float(at), number=number)
        for at, (name, number) in enumerate(zip("abc", numbers, strict=False))
    ]


@pytest.mark.parametrize(
    ("question", "rest", "found"),
    [
        ("第一张里有几个红色的圆？", "图里有几个红色的圆？", "a"),
        ("第二张图片里面最大的图形是什么颜色", "图里最大的图形是什么颜色", "b"),
        ("第3张有几个圆", "有几个圆", "c"),
        ("第三张呢", "", "c"),
        ("那第二张呢？", "", "b"),
        ("还有上一张图片里面呢", "", "b"),
        ("最后一张", "", "c"),
        ("上一张的圆是什么颜色？", "圆是什么颜色？", "b"),
        ("上上张有什么", "有什么", "a"),
        ("最后一张照片有什么", "有什么", "c"),
        ("刚才那张图有几个圆", "有几个圆", "c"),
        ("How many circles are in the first picture?", "How many circles are in the picture?", "a"),
        ("what is in the previous one?", "what is in the picture?", "b"),
        (
            "What colour is the circle in my 2nd photo",
            "What colour is the circle in the picture",
            "b",
        ),
        ("picture 3: how many circles?", "the picture: how many circles?", "c"),
        ("what is on the last image", "what is on the picture", "c"),
        ("And the second picture?", "", "b"),
        ("what about the previous one?", "", "b"),
        ("and in the first picture?", "", "a"),
    ],
)
def test_question_points_at_one_of_the_last_pictures(question: str, rest: str, found: str) -> None:
    pointer = point(question)
    assert pointer.points
    assert pointer.question == rest
    snapshot = pointer.find(kept(1, 2, 3))
    assert snapshot is not None
    assert snapshot.id == found


@pytest.mark.parametrize(
    "question",
    [
        "图里有几个圆？", "最大的那个呢", "第一个是什么颜色", "这张图有什么", "一张图里有几个圆",
        "What colour is the first one?", "is the last one a circle", "the largest one here",
        "how many pictures", "",
    ],
)  # fmt: skip
def test_other_questions_point_at_none(question: str) -> None:
    pointer = point(question)
    assert (pointer.points, pointer.question) == (False, question)


@pytest.mark.parametrize(
    ("numbers", "question", "found"),
    [
        ((1, 1, 1), "第二张", "b"),  # one after another: as they came
        ((1, 1, 1), "第一张", "a"),
        ((1, 1, 2), "第一张", "b"),  # the last two came together, and were numbered so
        ((1, 1, 2), "第二张", "c"),
        ((7, 8, 9), "第八张", "b"),
        ((7, 8, 9), "第二张", None),  # forgotten
        ((3, 1), "第二张", "b"),
        ((1,), "第二张", None),
        ((1,), "上一张", None),
        ((2,), "第一张", None),
    ],
)
def test_number_is_that_of_the_answer_where_several_came_together(
    numbers: tuple[int, ...], question: str, found: str | None
) -> None:
    snapshot = point(question).find(kept(*numbers))
    assert (snapshot.id if snapshot else None) == found
