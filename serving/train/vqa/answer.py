"""What the model answers: one number for each answer there is, and its words in two languages."""

from __future__ import annotations

from collections.abc import Sequence

from serving.train.vqa.program import OTHER_COLOUR, OTHER_SHAPE
from serving.train.vqa.world import COLOURS, ROWS, SHAPES

UNKNOWN, NONE, YES, NO = range(4)
NUMBER = 4  # + how many, 0 to ROWS
COLOUR = NUMBER + ROWS + 1  # + index in world.COLOURS
SHAPE = COLOUR + len(COLOURS)
LEFT, RIGHT, TOP, BOTTOM = range(SHAPE + len(SHAPES), SHAPE + len(SHAPES) + 4)
KIND = BOTTOM + 1  # + colour * len(SHAPES) + shape
FIRST, SECOND, SAME = range(KIND + len(COLOURS) * len(SHAPES), KIND + 3 + 3 * len(COLOURS))
COLOUR_SET = SAME + 1  # + 1 << index, for each that is there
SHAPE_SET = COLOUR_SET + (1 << len(COLOURS))
DESCRIPTION = SHAPE_SET + (1 << len(SHAPES))
COUNT = DESCRIPTION + 1  # of answers

ENGLISH, CHINESE = range(2)  # index of a language in all tables
_COLOURS = (COLOURS, ("红色", "橙色", "黄色", "绿色", "蓝色", "紫色", "粉色", "黑色"))
_SHAPES = (SHAPES, ("圆形", "正方形", "三角形"))
_ANY = ("shape", "图形")
_PLAIN = (
    ("I don't know", "there is no such shape", "yes", "no"),
    ("我不知道", "没有这样的图形", "是", "不是"),
)
_SIDES = (("on the left", "on the right", "at the top", "at the bottom"),
          ("左边", "右边", "上边", "下边"))  # fmt: skip
THERE = (("yes", "no"), ("有", "没有"))  # is there one?
NOTHING = ("there are no shapes", "图里没有图形")
SAME_NUMBER = ("there are as many of each", "一样多")
MANY = ("{} shapes: ", "{} 个图形：")
ONE = ("1 shape: ", "1 个图形：")
COMMA, AND = (", ", "、"), (" and ", "和")


def kind(colour: int, shape: int, language: int, *, plural: bool = False) -> str:
    """Return "red circle"; colour and shape count from 1, as in Referent, and 0 is any."""
    if language == CHINESE:
        name = _SHAPES[1][shape - 1] if shape else _ANY[1]
        return f"{_COLOURS[1][colour - 1]}的{name}" if colour else name
    name = (SHAPES[shape - 1] if shape else _ANY[0]) + "s" * plural
    return f"{COLOURS[colour - 1]} {name}" if colour else name


def article(noun: str) -> str:
    """Return the English noun with a or an."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def listed(names: Sequence[str], language: int) -> str:
    """Return names with commas, and "and" before the last."""
    *most, last = names
    return COMMA[language].join(most) + AND[language] + last if most else last


def texts(language: int) -> list[str]:
    """Return the words of every answer; NONE, YES, NO, FIRST and SECOND have others as well."""
    kinds = [(colour, shape) for colour in range(1, 9) for shape in range(1, 4)]
    return [
        *_PLAIN[language],
        *(f"{number} 个" if language else str(number) for number in range(ROWS + 1)),
        *_COLOURS[language],
        *_SHAPES[language],
        *_SIDES[language],
        *(_one(colour, shape, language) for colour, shape in kinds),
        *("", "", SAME_NUMBER[language]),
        *_sets(_COLOURS[language], language),
        *_sets(_SHAPES[language], language),
        "",
    ]


def _one(colour: int, shape: int, language: int) -> str:
    name = kind(colour, shape, language)
    return name if language else article(name)


def _sets(names: Sequence[str], language: int) -> list[str]:
    chosen = [
        [name for i, name in enumerate(names) if mask >> i & 1] for mask in range(1 << len(names))
    ]
    return [listed(each, language) if each else NOTHING[language] for each in chosen]


def none_texts(language: int) -> list[str]:
    """Return "there is no red circle" for each [OTHER_COLOUR + 1, OTHER_SHAPE + 1], in one row."""
    return [
        _none(colour, shape, language)
        for colour in range(OTHER_COLOUR + 1)
        for shape in range(OTHER_SHAPE + 1)
    ]


def _none(colour: int, shape: int, language: int) -> str:
    if colour == OTHER_COLOUR or shape == OTHER_SHAPE or not (colour or shape):
        return _PLAIN[language][NONE]
    name = kind(colour, shape, language)
    return f"没有{name}" if language else f"there is no {name}"


def set_texts(language: int) -> list[str]:
    """Return "red circles" for each [OTHER_COLOUR + 1, OTHER_SHAPE + 1], in one row."""
    return [
        kind(colour % OTHER_COLOUR, shape % OTHER_SHAPE, language, plural=True)
        for colour in range(OTHER_COLOUR + 1)
        for shape in range(OTHER_SHAPE + 1)
    ]


def counted_texts(language: int) -> list[str]:
    """Return "2 red circles" for each [kind, 0 to ROWS], in one row; "" for none of a kind."""
    kinds = [(colour, shape) for colour in range(1, 9) for shape in range(1, 4)]
    return [_counted(*each, number, language) for each in kinds for number in range(ROWS + 1)]


def _counted(colour: int, shape: int, number: int, language: int) -> str:
    if number == 0:
        return ""
    name = kind(colour, shape, language, plural=number > 1)
    if language == CHINESE:
        return f"{number} 个{name}" if number > 1 else name
    return f"{number} {name}" if number > 1 else article(name)
