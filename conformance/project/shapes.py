"""The types of settings: in TOML, as the text of an option, in JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one, for a hint."""
    # Only who has misspelled something waits for the module.
    from difflib import get_close_matches

    (found,) = get_close_matches(name, known, n=1, cutoff=0)
    return found


@dataclass(frozen=True)
class Shape:
    """The type of a setting.

    Attributes:
        words: the type in words; completes "must be".
        schema: the type as JSON Schema.
        fits: whether a value from TOML has the type.
        parse: converts the text of an option; the result must fit as well.
        wrong: what is wrong with a value that does not fit, a clause; None: the words say it.
        frozen: converts a value to plain data that does not change.
    """

    words: str
    schema: Mapping[str, object]
    fits: Callable[[object], bool]
    parse: Callable[[str], object] = str
    wrong: Callable[[object], str | None] | None = None
    frozen: Callable[[Any], Any] = lambda value: value

    def read(self, text: str) -> object:
        """The value of an option or of an environment variable.

        Raises:
            ValueError: the text does not have the type; the message completes "the value".
        """
        try:
            value = self.parse(text)
        except ValueError:
            value = None
        if value is None or not self.fits(value):
            raise ValueError(f"must be {self.words}")
        return value


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return _is_text(value) or (
        isinstance(value, list | tuple) and bool(value) and all(map(_is_text, value))
    )


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _wrong_text(value: object) -> str | None:
    """Which value of a table is no text; the value is not shown, since it may be a password."""
    if not isinstance(value, dict):
        return None
    wrong = next((name for name, item in value.items() if not _is_text(item)), None)
    return None if wrong is None else f"has a value of {wrong} that is not a text in quotes"


def _split(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(","))


def one_of(*choices: str) -> Shape:
    """The type of a setting that is one of these words."""
    *others, last = choices
    words = f"{', '.join(others)} or {last}"
    return Shape(words, {"enum": list(choices)}, lambda value: value in choices)


TEXT = Shape("a text", {"type": "string"}, _is_text)
#: One text or several; an option separates them by commas.
TEXTS = Shape(
    "a text or a list of texts",
    {
        "anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
        ]
    },
    _is_texts,
    _split,
    frozen=lambda value: _split(value) if isinstance(value, str) else tuple(value),
)
WHOLE = Shape("a whole number", {"type": "integer"}, _is_whole, int)
COUNT = Shape(
    "a whole number of at least 1",
    {"type": "integer", "minimum": 1},
    lambda value: isinstance(value, int) and _is_whole(value) and value >= 1,
    int,
)
TABLE = Shape(
    "a table of texts",
    {"type": "object", "additionalProperties": {"type": "string"}},
    _is_table,
    wrong=_wrong_text,
)
