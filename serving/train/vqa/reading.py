"""From the follower's text to the numbers that the parser reads, inside the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from serving.train.vqa.lexicon import Rule

LINES = 4  # of a conversation; the last is the question
TOKENS = 44  # of a line, the opening mark included; who needs more is not asking about shapes
GRAMS = 12  # of a token
BUCKETS = 4096  # that letter groups fall into
BYTES = 2000  # of a question; longer ones are not read
PADDING, UNSEEN, OPENING = range(3)  # numbers of tokens; those of the vocabulary follow
_CHINESE = "\u4e00-\u9fff"


class Lines(NamedTuple):
    """Texts as numbers."""

    words: Any  # int32 [n, at most TOKENS]
    grams: Any  # int32 [n, tokens, GRAMS]: 0 or 1 + bucket, of each group of three letters
    whole: Any  # bool [n]: nothing had to be cut off


class Reader(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """Splits texts into words and Chinese characters, with one spelling for what means the same."""

    def __init__(
        self, rules: Sequence[Rule], characters: dict[str, str], vocabulary: Sequence[str]
    ) -> None:
        super().__init__()  # a module: the tables are saved with what uses them
        self.rules, self.vocabulary = tuple(rules), tuple(vocabulary)
        self._spelling = tuple(characters.items())
        self._characters = _table(list(characters), list(characters.values()), "")
        numbers = range(OPENING + 1, OPENING + 1 + len(vocabulary))
        self._words = _table(list(vocabulary), list(numbers), UNSEEN)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process without the tables, which are made anew there."""
        return Reader, (self.rules, dict(self._spelling), self.vocabulary)

    def normalise(self, texts: Any) -> Any:
        """Return texts in small letters, simplified characters and one word for each sense."""
        cut = tf.strings.substr(texts, 0, BYTES)
        clean = tf.strings.unicode_transcode(cut, "UTF-8", "UTF-8", replacement_char=0x20)
        letters = tf.strings.unicode_split(clean, "UTF-8")
        known = tf.ragged.map_flat_values(self._characters.lookup, letters)
        plain = tf.ragged.map_flat_values(_either, known, letters)
        text = tf.strings.lower(tf.strings.reduce_join(plain, axis=-1))
        for pattern, replacement in (
            ("['\u2018\u2019]", ""),
            ("[^\\S\n]+|-", " "),
            *self.rules,
            (f"([{_CHINESE}])", r" \1 "),
            (f"[^0-9a-z\\s[:punct:]{_CHINESE}，。！？、；：～…“”《》（）【】—·]+", " @ "),
            (f"[^0-9a-z@\n{_CHINESE}]+", " "),
        ):
            text = tf.strings.regex_replace(text, pattern, replacement)
        return text

    def tokens(self, lines: Any) -> Any:
        """Return the words of normalised lines: ragged string [n, words]."""
        return tf.strings.split(tf.strings.regex_replace(lines, "\n", " "))

    def read(self, lines: Any) -> Lines:
        """Return normalised lines as numbers."""
        tokens = self.tokens(lines)
        whole = tokens.row_lengths() < TOKENS
        tokens = tokens[:, : TOKENS - 1]
        words = tf.ragged.map_flat_values(self._words.lookup, tokens)
        marked = tf.ragged.map_flat_values(lambda each: tf.strings.join(["^", each, "$"]), tokens)
        letters = tf.strings.unicode_split(marked.flat_values, "UTF-8")
        groups = tf.strings.ngrams(letters, 3, separator="")[:, :GRAMS]
        hashed = tf.ragged.map_flat_values(tf.strings.to_hash_bucket_fast, groups, BUCKETS)
        grams = marked.with_flat_values(1 + hashed.to_tensor(-1, shape=[None, GRAMS]))
        opening = tf.fill([tf.shape(lines)[0], 1], OPENING)
        words = tf.concat([opening, tf.cast(words.to_tensor(PADDING), tf.int32)], axis=1)
        grams = tf.pad(tf.cast(grams.to_tensor(0), tf.int32), [[0, 0], [1, 0], [0, 0]])
        return Lines(words, grams, whole)


def _either(known: Any, letters: Any) -> Any:
    return tf.where(known == "", letters, known)


def _table(keys: list[Any], values: list[Any], default: Any) -> Any:
    kind = tf.string if isinstance(default, str) else tf.int64
    initializer = tf.lookup.KeyValueTensorInitializer(
        tf.constant(keys, tf.string), tf.constant(values, kind)
    )
    return tf.lookup.StaticHashTable(initializer, default)


def split(texts: Any) -> Any:
    """Return the last LINES lines of normalised texts: string [n, LINES], "" before the first."""
    stripped = tf.strings.regex_replace(texts, "\\s*\n\\s*", "\n")
    lines = tf.strings.split(tf.strings.strip(stripped), "\n")[:, -LINES:]
    missing = LINES - lines.row_lengths()
    blank = tf.RaggedTensor.from_row_lengths(tf.fill([tf.reduce_sum(missing)], ""), missing)
    return tf.concat([blank, lines], axis=1).to_tensor("", shape=[None, LINES])
