"""`python -m bench.answers`: the model that answers questions, and what it has to beat."""

from __future__ import annotations

import argparse
import collections
import json
import sys

import numpy as np

from bench.machine import machine
from bench.report import renew, table
from launch.supervisor import ROOT, say
from serving.platforms.tensorflow import SavedModel
from serving.train.vqa import exam, judging, trials
from serving.train.vqa.answer import CHINESE, ENGLISH
from serving.train.vqa.judging import Judged, Mask
from serving.train.vqa.report import percent
from serving.train.vqa.trials import Trials
from serving.train.vqa.wording import FOLDER

_MODEL = ROOT / "serving" / "models" / "vqa" / "1"
_RESULTS = ROOT / "bench" / "results"
_COUNTED = 3_000  # tasks, for the commonest answer
_SEED = 20170606
Row = dict[str, str]  # cells, by column

# What is in the tables, in English and in Chinese.
_COLUMNS = {
    "known": ("known wordings", "见过的问法"),
    "plain": ("these, plain drawings", "同上，规整的图"),
    "unseen": ("unseen wordings", "没见过的问法"),
    "zh": ("of these, Chinese", "其中中文"),
    "en": ("English", "英文"),
    "refused": ("unanswerable, refused", "答不了的，拒答"),
    "ms": ("ms a question", "每问毫秒"),
}
_NAMES = {
    "ours": ("**ours**: detector, parser, fixed reasoning", "**本模型**：检测、解析、固定推理"),
    "network": (
        "CNN + relation network, {minutes} minutes of answers",
        "CNN + 关系网络，只从答案学 {minutes} 分钟",
    ),
    "family": ("the commonest answer of the family", "同类问题最常见的答案"),
    "commonest": ("the commonest answer", "最常见的答案"),
}
# Other data and other questions.
_PUBLISHED = (
    ("Sort-of-CLEVR, relational: CNN + MLP", "63 %", "Santoro et al., 2017"),
    ("Sort-of-CLEVR, relational: CNN + relation network", "94 %", "Santoro et al., 2017"),
    ("CLEVR: CNN + LSTM + relation network", "95.5 %", "Santoro et al., 2017"),
    ("CLEVR: FiLM", "97.7 %", "Perez et al., 2018"),
    ("CLEVR: NS-VQA (detector, parser, program)", "99.8 %", "Yi et al., 2018"),
)
_ELSEWHERE = (
    "Published figures, **on other data** and other questions, for orientation alone:",
    "文献里的数字，**数据和问题都不同**，仅供参考：",
)


def main() -> int:
    """Judge, and write bench/results/answers.* and the tables in both READMEs; return 0."""
    minutes = _options().minutes
    results = trials.hold(SavedModel(_MODEL))
    rows = {"ours": _ours(results), **_baselines(results)}
    rows["network"] = _network(results, minutes) if minutes else _kept()
    english, chinese = (_markdown(rows, language) for language in (0, 1))
    say("\n" + english)
    facts = {"facts": machine(), "rows": rows}
    (_RESULTS / "answers.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    (_RESULTS / "answers.md").write_text(english, "utf-8")
    renew(ROOT / "README.md", "bench/results/answers.md", english)
    renew(ROOT / "README.zh.md", "bench/results/answers.md", chinese)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.answers", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=0.0, metavar="N",
        help="train the relation network again, for so long; default: keep its figures",
    )  # fmt: skip
    return parser.parse_args()


def _ours(results: Trials) -> Row:
    median, _ = results.latency
    return {
        **_shares(results, results.known.right, results.unseen.right),
        "plain": percent(results.plain.right),
        "refused": percent(~judging.together("", results.unanswerable).answered),
        "ms": f"{median:.1f}",
    }


def _shares(results: Trials, known: Mask, unseen: Mask) -> Row:
    spoken = np.array([task.question.language for task in results.unseen.tasks])
    return {
        "known": percent(known),
        "unseen": percent(unseen),
        "zh": percent(unseen[spoken == CHINESE]),
        "en": percent(unseen[spoken == ENGLISH]),
    }


def _baselines(results: Trials) -> dict[str, Row]:
    """Return how well the commonest answer does: of each family, and of all."""
    drawn = exam.tasks(np.random.default_rng(_SEED), exam.languages(FOLDER), _COUNTED)
    counts = collections.Counter(task.question.answer for task in drawn)
    commonest = counts.most_common(1)[0][0]
    guesses = dict.fromkeys((task.question.kind for task in results.unseen.tasks), commonest)
    for kind in guesses:
        of_kind = [task.question.answer for task in drawn if task.question.kind == kind]
        guesses[kind] = collections.Counter([*of_kind, commonest]).most_common(1)[0][0]
    known, unseen = results.known, results.unseen
    return {
        "family": _shares(results, _says(known, guesses), _says(unseen, guesses)),
        "commonest": _shares(results, known.truth == commonest, unseen.truth == commonest),
    }


def _says(judged: Judged, guesses: dict[str, int]) -> Mask:
    right: Mask = judged.truth == [guesses.get(task.question.kind) for task in judged.tasks]
    return right


def _network(results: Trials, minutes: float) -> Row:
    from bench.answers.relation_network import RelationNetwork

    network = RelationNetwork(exam.languages(FOLDER), minutes)
    say(f"relation network: {network.samples:,} questions in {minutes:g} minutes")

    shares = _shares(
        results, network.right(results.known.tasks), network.right(results.unseen.tasks)
    )
    return {**shares, "minutes": f"{minutes:g}"}


def _kept() -> Row:
    """Return the relation network's figures of the time it was trained."""
    path = _RESULTS / "answers.json"
    kept = json.loads(path.read_text("utf-8"))["rows"] if path.exists() else {}
    row: Row = kept.get("network", {})
    return row


def _markdown(rows: dict[str, Row], language: int) -> str:
    head = ["", *(names[language] for names in _COLUMNS.values())]
    body = [
        [
            names[language].format(**{"minutes": "–", **rows[key]}),
            *(rows[key].get(column, "–") for column in _COLUMNS),
        ]
        for key, names in _NAMES.items()
    ]
    published = table(["", ("right", "正确率")[language], ("source", "出处")[language]], _PUBLISHED)
    return "\n\n".join([table(head, body), _ELSEWHERE[language], published + "\n"])


if __name__ == "__main__":
    sys.exit(main())
