"""Questions: templates filled with words, alone for the parser, or about a scene with the truth."""

from __future__ import annotations

import dataclasses

from serving.train.camera import Random, pick
from serving.train.vqa import phrase, slip, truth
from serving.train.vqa.answer import CHINESE, UNKNOWN
from serving.train.vqa.program import (
    ASPECTS,
    COMPARED,
    NOBODY,
    ORDERS,
    Program,
    Referent,
)
from serving.train.vqa.scene import Scene, Thing
from serving.train.vqa.wording import Template, Wordings
from serving.train.vqa.world import COLOURS, SHAPES

# How often the templates of each group are drawn for the parser.
SHARES = {
    "plain": 0.57,
    "two_step": 0.02,
    "order": 0.07,
    "pronoun": 0.06,
    "ellipsis": 0.06,
    "unknown": 0.24,
}
_ATTEMPTS = 40  # at a template, before another one is tried
_HARDER = 0.5  # of the lines with one referent are drawn again
_STRANGE = 0.35  # of the questions without an answer: about things of another world
_GIBBERISH = 0.12  # of those: nothing but letters or characters by chance
_INVENTED = 0.25  # of those things: no words at all, but letters or characters by chance
_CHARACTERS = (
    "天地人和风花雪月山水金木火土春夏秋冬东西南北日光心手口足牛马羊鸟虫鱼衣食住行车船飞机电脑书画笔墨"
    "歌舞球棋茶酒饭菜米面果树草石海河湖城乡村路桥门窗桌椅床灯钟表刀剑"
)
_DROPPED = (" the ", " is ", " are ", " there ", " of ", " a ", "的", "是", "有")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a follower asks of one picture, and the truth."""

    text: str  # the lines that the model gets, the last of them the question
    kind: str  # of program.FAMILIES, "two_step", "follow_up" or "unknown"
    language: int
    program: Program  # of the last line, with what it leans on filled in
    answer: int  # see serving.train.vqa.answer


class Asker:
    """Draws questions from wordings of one language."""

    def __init__(self, wordings: Wordings) -> None:
        self.wordings = wordings
        self._pools = {group: _pool(wordings.templates, group) for group in SHARES}

    def template(self, rng: Random, group: str) -> Template:
        """Return a template: each family as often as another."""
        families = self._pools[group]
        template: Template = pick(rng, families[pick(rng, list(families))])
        return template

    def line(self, rng: Random) -> tuple[str, Program]:
        """Return one line for the parser to learn from, slips and all, and its program."""
        groups = [group for group in SHARES if self._pools[group]]
        weights = [SHARES[group] for group in groups]
        total = sum(weights)
        group = groups[int(rng.choice(len(groups), p=[each / total for each in weights]))]
        if group == "unknown" and rng.random() < _STRANGE:
            return disguise(rng, self._strange(rng)), Program(task="unknown")
        template = self.template(rng, group)
        if rng.random() < _HARDER and "{B" not in template.text:
            template = self.template(rng, group)  # two referents are more to learn than one
        program = _imagined(rng, template)
        text = self.say(rng, template, program)
        return disguise(rng, text), _learned(template, program)

    def _strange(self, rng: Random) -> str:
        """Return a question like those that can be answered, about a thing of another world."""
        if rng.random() < _GIBBERISH:
            return _gibberish(rng, self.wordings.language)
        template = self.template(rng, "plain")
        while "{A" not in template.text:
            template = self.template(rng, "plain")
        words = self.wordings.words
        strange = dataclasses.replace(
            words, thing=[_noun(rng, words.stranger)], things=[_noun(rng, words.strangers)]
        )
        colour = int(rng.integers(1, 9)) if rng.random() < 0.25 else 0
        order = int(rng.integers(1, len(ORDERS))) if rng.random() < 0.15 else 0
        program = dataclasses.replace(
            _imagined(rng, template), a=Referent(colour=colour, order=order)
        )
        return self.say(rng, template, program, dataclasses.replace(self.wordings, words=strange))

    def say(
        self, rng: Random, template: Template, program: Program, wordings: Wordings | None = None
    ) -> str:
        """Return the template in words, with what may stand around a question."""
        text = fill(rng, wordings or self.wordings, template, program)
        wraps = self.wordings.words.wrap
        if template.group in ("pronoun", "ellipsis"):
            wraps = wraps[:10]  # punctuation alone
        for _ in range(int(rng.choice(3, p=[0.35, 0.57, 0.08]))):
            text = pick(rng, wraps).format(q=text)
        return text

    def ask(self, rng: Random, scene: Scene) -> Question:
        """Return a well-posed question about the scene, of any kind but unknown."""
        while True:
            group = pick(rng, ("plain",) * 7 + ("order", "two_step", "pronoun", "ellipsis"))
            if not self._pools[group]:
                continue
            template = self.template(rng, group)
            for _ in range(_ATTEMPTS):
                try:
                    return self._asked(rng, scene, template)
                except truth.IllPosed:
                    continue

    def _asked(self, rng: Random, scene: Scene, template: Template) -> Question:
        if template.group in ("pronoun", "ellipsis"):
            return self._follow_up(rng, scene, template)
        program = _about(rng, template, scene)
        found = truth.find(program, scene)
        return Question(
            text=self.say(rng, template, program),
            kind="two_step" if program.two_step else program.family,
            language=self.wordings.language,
            program=program,
            answer=found.answer,
        )

    def _follow_up(self, rng: Random, scene: Scene, template: Template) -> Question:
        first = self.template(rng, "plain")
        asked = _about(rng, first, scene)
        focus = truth.find(asked, scene).focus
        if template.group == "pronoun":
            said = resolved = _about(rng, template, scene)
        else:
            said, resolved = _again(rng, asked, template, scene)
        found = truth.find(resolved, scene, focus)
        text = f"{self.say(rng, first, asked)}\n{self.say(rng, template, said)}"
        return Question(
            text=text, kind="follow_up", language=self.wordings.language, program=resolved,
            answer=found.answer,
        )  # fmt: skip

    def unanswerable(self, rng: Random) -> Question:
        """Return a question that no picture of our shapes answers."""
        template = self.template(rng, "unknown")
        program = Program(task="unknown")
        text = self.say(rng, template, _imagined(rng, template))
        return Question(text=text, kind="unknown", language=self.wordings.language,
                        program=program, answer=UNKNOWN)  # fmt: skip


def _noun(rng: Random, nouns: list[str]) -> str:
    """Return one of the nouns, or now and then one that there is not."""
    if rng.random() >= _INVENTED:
        return pick(rng, nouns)  # type: ignore[no-any-return]
    if nouns[0].isascii():
        syllables = [
            pick(rng, "bcdfghklmnprstvw") + pick(rng, "aeiou")
            for _ in range(int(rng.integers(2, 4)))
        ]
        return "".join([*syllables, pick(rng, ("", "n", "t", "k", "s"))])
    return "".join(pick(rng, _CHARACTERS) for _ in range(int(rng.integers(1, 4))))


def _gibberish(rng: Random, language: int) -> str:
    count = int(rng.integers(1, 6))
    if language == CHINESE:
        return "".join(pick(rng, _CHARACTERS) for _ in range(count))
    letters = "abcdefghijklmnopqrstuvwxyz" + "0123456789" * (rng.random() < 0.2)
    lengths = rng.integers(1, 9, count)
    return " ".join("".join(pick(rng, letters) for _ in range(length)) for length in lengths)


def _pool(templates: list[Template], group: str) -> dict[str, list[Template]]:
    pool: dict[str, list[Template]] = {}
    for each in templates:
        if each.group == group:
            # To count is the same task of all things and of some, but not the same question.
            some = "{A" in each.text
            pool.setdefault(f"{each.program.family} {some}", []).append(each)
    return pool


def fill(rng: Random, wordings: Wordings, template: Template, program: Program) -> str:
    """Return the template with words for what the program refers to."""
    text = template.text
    for gap, referent in (("A", program.a), ("B", program.b)):
        if referent.it and wordings.language != CHINESE:
            for before in (f"the {{{gap}}}", f"that {{{gap}}}", f"this {{{gap}}}"):
                text = text.replace(before, f"{{{gap}}}")
    return text.format(
        A=phrase.singular(rng, wordings, program.a),
        B=phrase.singular(rng, wordings, program.b),
        As=phrase.plural(rng, wordings, program.a),
        Bs=phrase.plural(rng, wordings, program.b),
        a_A=phrase.indefinite(rng, wordings, program.a),
        order=phrase.order(rng, wordings, program.a.order or 1),
        q="",
    )


def disguise(rng: Random, text: str) -> str:
    """Return the text as some people type it."""
    if rng.random() < 0.05:
        text = slip.traditional(text)
    if rng.random() < 0.02:
        text = slip.wide(text)
    if rng.random() < 0.06:
        text = text.upper() if rng.random() < 0.5 else text.title()
    if rng.random() < 0.08:
        text = text.replace(pick(rng, _DROPPED), " ", 1)
    for _ in range(int(rng.choice(3, p=[0.84, 0.13, 0.03]))):
        text = slip.mistyped(rng, text) if text else text
    return text


def _one_of(text: str, gap: str) -> bool:
    """Return whether the gap is for one thing, not for a set."""
    return f"{{{gap}}}" in text


def _imagined(rng: Random, template: Template) -> Program:
    """Return the program of a template with referents from nowhere."""
    text, program = template.text, template.program
    if template.group == "order":
        return dataclasses.replace(program, a=Referent(order=int(rng.integers(1, len(ORDERS)))))
    a, b = program.a, program.b
    if "{A}" in text or "{As}" in text or "{a_A}" in text:
        a = _referent(rng, one=_one_of(text, "A"), leaning=template.group == "plain")
    if "{B}" in text or "{Bs}" in text:
        b = _referent(rng, one=_one_of(text, "B"), leaning=template.group == "plain" and not a.it)
    return _leaning(template, dataclasses.replace(program, a=a, b=b))


def _leaning(template: Template, program: Program) -> Program:
    """Return the program with "it" for the referent that a pronoun's template has no gap for."""
    if template.group != "pronoun":
        return program
    if program.task in COMPARED and "{B}" not in template.text and "{A}" in template.text:
        return dataclasses.replace(program, b=Referent(it=1))
    if "{A}" in template.text or program.a.order:
        return program
    return dataclasses.replace(program, a=Referent(it=1))


def _learned(template: Template, program: Program) -> Program:
    """Return what the parser shall say of the line: nothing more of what cannot be answered."""
    return Program(task="unknown") if template.group == "unknown" else program


def _referent(rng: Random, *, one: bool, leaning: bool) -> Referent:
    if one and leaning and rng.random() < 0.06:
        return Referent(it=1)
    colour = 1 + int(rng.integers(len(COLOURS) + (rng.random() < 0.3)))
    shape = 1 + int(rng.integers(len(SHAPES) + (rng.random() < 0.15)))
    said = int(rng.integers(3))
    return _said(rng, colour, shape, said, ordered=one and rng.random() < 0.3)


def _said(rng: Random, colour: int, shape: int, said: int, *, ordered: bool) -> Referent:
    """Return a referent by colour, shape or both; in order, perhaps by neither."""
    order = int(rng.integers(1, len(ORDERS))) if ordered else 0
    if order and rng.random() < 0.3:
        return Referent(order=order)
    return Referent(colour=colour if said != 1 else 0, shape=shape if said != 0 else 0, order=order)


def _about(rng: Random, template: Template, scene: Scene) -> Program:
    """Return the program of a template with referents that mostly are in the scene."""
    text, program = template.text, template.program
    if template.group == "order":
        return dataclasses.replace(program, a=Referent(order=int(rng.integers(1, len(ORDERS)))))
    a, b = program.a, program.b
    if "{A}" in text or "{As}" in text or "{a_A}" in text:
        a = _pointed(rng, program.task, scene, one=_one_of(text, "A"))
    if template.group == "two_step" and not a.order:
        raise truth.IllPosed
    if "{B}" in text or "{Bs}" in text:
        b = _pointed(rng, program.task, scene, one=_one_of(text, "B"))
    if a == b != NOBODY:
        raise truth.IllPosed
    return _leaning(template, dataclasses.replace(program, a=a, b=b))


def _pointed(rng: Random, task: str, scene: Scene, *, one: bool) -> Referent:
    """Return a referent, in nine of ten to a thing that is there; raise IllPosed where silly."""
    if rng.random() < 0.9:
        thing: Thing = pick(rng, scene.things)
        colour, shape = 1 + thing.colour, 1 + thing.shape
    else:
        colour, shape = 1 + int(rng.integers(len(COLOURS))), 1 + int(rng.integers(len(SHAPES)))
    referent = _said(rng, colour, shape, int(rng.integers(3)), ordered=one and rng.random() < 0.3)
    asked = {"color": referent.colour, "shape": referent.shape, "same_color": 0}.get(task, 0)
    if task in ASPECTS and asked:
        raise truth.IllPosed  # "what colour is the red circle"
    return referent


def _again(
    rng: Random, asked: Program, template: Template, scene: Scene
) -> tuple[Program, Program]:
    """Return what an ellipsis says, and the whole that it means; raise IllPosed where unclear."""
    if asked.a.order or not asked.a.filtered:
        raise truth.IllPosed
    said = _pointed(rng, asked.task, scene, one=_one_of(template.text, "A"))
    alike = bool(said.colour) == bool(asked.a.colour) and bool(said.shape) == bool(asked.a.shape)
    if said.order or not alike or said in (asked.a, asked.b):
        raise truth.IllPosed
    return (
        dataclasses.replace(template.program, a=said),
        dataclasses.replace(asked, a=said),
    )
