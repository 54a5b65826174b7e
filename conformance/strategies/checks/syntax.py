"""Parse the SQL of a CHECK constraint: comparisons of columns, and their logic.

The grammar has `=`, `<>`, `<`, `<=`, `>`, `>=`, `BETWEEN`, `IN`, `= ANY (ARRAY[...])`,
`<> ALL (ARRAY[...])`, `[NOT] LIKE`, `~`, `~*` and their opposites, `IS [NOT] NULL`, a boolean
column alone, `length(column)` or `jsonb_typeof(column)` instead of a column, a column instead of a
literal in a comparison or in `BETWEEN`, `GREATEST` below and `LEAST` above a column, casts that
change no value, and `AND`, `OR`, `NOT` and parentheses around all of these. Everything else raises
`NotUnderstood`; the parser skips nothing.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from conformance.strategies.checks.conditions import (
    MIRRORED,
    Comparison,
    Condition,
    Junction,
    Literal,
    Pair,
    opposite,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

#: A column and what of it is compared, or None, nothing and a literal.
_Operand = tuple[str | None, str, Literal]
_Item = TypeVar("_Item")

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<quoted>\"(?:[^\"]|\"\")+\")"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<word>[A-Za-z_][\w$]*)"
    r"|(?P<sign>::|<=|>=|<>|!=|!?~~?\*?|\|\||[=<>()\[\],.+-]))"
)
_COMPARISONS = {"=", "<>", "!=", "<", "<=", ">", ">="}
#: Function -> what it tells of a column.
_MEASURES = {
    "length": "length", "char_length": "length", "character_length": "length",
    "jsonb_typeof": "type", "json_typeof": "type",
}  # fmt: skip
#: LIKE as PostgreSQL prints it; and what compares with a regular expression, with or without regard
#: to the case.
_LIKES = {
    "~~": "like", "!~~": "not like", **{name: name for name in ("~", "~*", "!~", "!~*")},
}  # fmt: skip
#: What picks one of several operands -> the comparisons for which it is the same as comparing each
#: operand; NULL operands count in neither.
_PICKS = {"greatest": (">", ">="), "least": ("<", "<=")}
_TEXT_CASTS = {"text", "varchar", "character varying"}
_WHOLE_CASTS = {"integer", "int", "bigint", "smallint"}
#: Casts that keep the value of a literal; `operand` refuses a cast that rounds.
_CASTS = _TEXT_CASTS | _WHOLE_CASTS | {
    "numeric", "double precision", "date", "boolean", "timestamp without time zone",
    "timestamp with time zone", "timestamp", "timestamptz",
}  # fmt: skip
_TYPED_LITERALS = {"date", "timestamp", "timestamptz"}
#: The words after the first word of a type's name.
_TYPE_TAILS = (("precision",), ("varying",), ("with", "time", "zone"), ("without", "time", "zone"))


class NotUnderstood(Exception):
    """The check contains something outside the grammar; the message says what."""


def read_check(sql: str, columns: Collection[str]) -> Condition:
    """Parse the condition of a CHECK constraint of a table with these columns.

    Raises:
        NotUnderstood: the SQL contains something outside the grammar.
    """
    reader = _Reader(_tokens(sql), frozenset(columns))
    condition = reader.disjunction()
    if reader.token() != ("end", ""):
        raise NotUnderstood(f"{reader.token()[1]!r} is not supported there")
    return condition


def mentioned(sql: str, columns: Collection[str]) -> tuple[str, ...]:
    """The columns that the SQL names outside of string literals."""
    words = re.findall(r"\"(?:[^\"]|\"\")+\"|[A-Za-z_][\w$]*", re.sub(r"'(?:[^']|'')*'", " ", sql))
    names = {_name(word) for word in words}
    return tuple(column for column in columns if column in names)


def _name(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()


def _tokens(sql: str) -> list[tuple[str, str]]:
    """Pairs of kind and text; unquoted words are in lower case."""
    found, position, text = [], 0, sql.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotUnderstood(f"{text[position : position + 12].strip()!r} is not supported")
        kind = str(match.lastgroup)
        found.append((kind, match[kind].lower() if kind == "word" else match[kind]))
        position = match.end()
    return [*found, ("end", "")]


class _Reader:
    """A recursive-descent parser with one method for each rule of the grammar."""

    def __init__(self, tokens: list[tuple[str, str]], columns: frozenset[str]) -> None:
        self.tokens = tokens
        self.columns = columns
        self.at = 0

    def token(self) -> tuple[str, str]:
        return self.tokens[self.at]

    def took(self, *texts: str) -> bool:
        """Skip these words or signs if they come next; return whether they did."""
        following = self.tokens[self.at : self.at + len(texts)]
        if [text if kind in ("word", "sign") else None for kind, text in following] != list(texts):
            return False
        self.at += len(texts)
        return True

    def need(self, text: str) -> None:
        if not self.took(text):
            raise NotUnderstood(f"expected {text!r} instead of {self.token()[1]!r}")

    def disjunction(self) -> Condition:
        parts = [self.conjunction()]
        while self.took("or"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else Junction(every=False, parts=tuple(parts))

    def conjunction(self) -> Condition:
        parts = [self.negation()]
        while self.took("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Junction(every=True, parts=tuple(parts))

    def negation(self) -> Condition:
        if self.took("not"):
            return opposite(self.negation())
        start = self.at
        if self.took("("):
            try:
                inner = self.disjunction()
                self.need(")")
            except NotUnderstood:
                self.at = start
            else:
                if self.token()[1] in ("and", "or", ")", ""):
                    return inner
                self.at = start
        return self.predicate()

    def predicate(self) -> Condition:
        if pick := self.pick():
            return self.picked(pick)
        column, measure, literal = self.operand()
        return self.mirrored(literal) if column is None else self.judged(column, measure)

    def judged(self, column: str, measure: str) -> Condition:
        """What follows a column."""
        if self.took("is"):
            negated = self.took("not")
            self.need("null")
            return Comparison(column, "is not null" if negated else "is null")
        negated = self.took("not")
        if self.took("between"):
            low = self.compared_with(column, measure, ">=", self.operand())
            self.need("and")
            both = Junction(True, (low, self.compared_with(column, measure, "<=", self.operand())))
            return opposite(both) if negated else both
        if self.took("in"):
            operator = "not in" if negated else "in"
            return Comparison(column, operator, self.listed("(", ")"), measure)
        if self.took("like"):
            return self.liked(column, measure, "not like" if negated else "like")
        if negated:
            raise NotUnderstood(f"NOT is not supported before {self.token()[1]!r}")
        return self.compared(column, measure)

    def compared(self, column: str, measure: str) -> Condition:
        kind, operator = self.token()
        if kind == "sign" and operator in _LIKES:
            self.at += 1
            return self.liked(column, measure, _LIKES[operator])
        if kind != "sign" or operator not in _COMPARISONS:
            return Comparison(column, "=", (True,), measure)
        self.at += 1
        operator = "<>" if operator == "!=" else operator
        if operator == "=" and self.took("any"):
            return Comparison(column, "in", self.array(), measure)
        if operator == "<>" and self.took("all"):
            return Comparison(column, "not in", self.array(), measure)
        if pick := self.pick():
            return self.with_each(column, measure, operator, pick)
        return self.compared_with(column, measure, operator, self.operand())

    def compared_with(
        self, column: str, measure: str, operator: str, operand: _Operand
    ) -> Condition:
        other, of_other, literal = operand
        if other is None:
            return Comparison(column, operator, (literal,), measure)
        if measure or of_other or other == column:
            raise NotUnderstood(f"expected a literal instead of the column {other!r}")
        return Pair.of(column, operator, other)

    def pick(self) -> str:
        """`greatest` or `least`, if one comes next; else nothing."""
        kind, text = self.token()
        if kind != "word" or text not in _PICKS or self.tokens[self.at + 1] != ("sign", "("):
            return ""
        self.at += 1
        return text

    def picked(self, pick: str) -> Condition:
        """`GREATEST(a, b) <= column`: the operands come first, and are read again as the last."""
        start = self.at
        self.operands()
        kind, operator = self.token()
        if kind != "sign" or operator not in MIRRORED:
            raise NotUnderstood(f"{operator!r} is not supported after {pick.upper()}")
        self.at += 1
        column, measure, _ = self.operand()
        if column is None:
            raise NotUnderstood(f"{pick.upper()} is compared with a literal")
        end, self.at = self.at, start
        found = self.with_each(column, measure, MIRRORED[operator], pick)
        self.at = end
        return found

    def with_each(self, column: str, measure: str, operator: str, pick: str) -> Condition:
        """`column >= GREATEST(a, b)` is `column >= a AND column >= b`, also where one is NULL."""
        if operator not in _PICKS[pick]:
            raise NotUnderstood(f"{pick.upper()} is not supported after {operator!r}")
        parts: list[Condition] = []
        for operand in self.operands():
            part, other = self.compared_with(column, measure, operator, operand), operand[0]
            # Said of NULL too, so that the opposite is right: below at least one that is not NULL.
            nulls = [Comparison(other, "is null")] if other else []
            parts.append(Junction(False, (part, *nulls)))
        return Junction(True, tuple(parts))

    def operands(self) -> list[_Operand]:
        return self.several(self.operand, "(", ")")

    def mirrored(self, literal: Literal) -> Condition:
        """A literal before its column: `0 <= column`."""
        kind, operator = self.token()
        if kind != "sign" or operator not in _COMPARISONS:
            raise NotUnderstood(f"{operator!r} is not supported after a literal")
        self.at += 1
        column, measure, _ = self.operand()
        if column is None:
            raise NotUnderstood("the check compares two literals")
        operator = "<>" if operator == "!=" else MIRRORED.get(operator, operator)
        return Comparison(column, operator, (literal,), measure)

    def liked(self, column: str, measure: str, operator: str) -> Condition:
        if measure:
            raise NotUnderstood(
                f"{operator.upper()} is not supported for the {measure} of a column"
            )
        return Comparison(column, operator, (self.pattern(),))

    def pattern(self) -> str:
        """`'a%'`, or `'a'::text || '%'::text`, which may have parentheses."""
        start = self.at
        if self.took("("):
            found = self.pattern()
            self.need(")")
            if self.token()[1] == "::":
                # The parentheses are those of a literal with a cast.
                self.at = start
                found = self.text()
        else:
            found = self.text()
        while self.took("||"):
            found += self.text()
        return found

    def text(self) -> str:
        literal = self.literal()
        if not isinstance(literal, str):
            raise NotUnderstood(f"the pattern {literal} is not a text")
        return literal

    def listed(self, opening: str, closing: str) -> tuple[Literal, ...]:
        return tuple(self.several(self.literal, opening, closing))

    def several(self, read: Callable[[], _Item], opening: str, closing: str) -> list[_Item]:
        """What stands between the signs, with commas."""
        self.need(opening)
        found = [read()]
        while self.took(","):
            found.append(read())
        self.need(closing)
        return found

    def array(self) -> tuple[Literal, ...]:
        """`(ARRAY['a'::text, 'b'::text])`; the array may be cast as a whole."""
        self.need("(")
        inner = self.took("(")
        self.need("array")
        found = self.listed("[", "]")
        if inner:
            self.need(")")
        while self.took("::"):
            self.type_name(_TEXT_CASTS)
            self.need("[")
            self.need("]")
        self.need(")")
        return found

    def literal(self) -> Literal:
        column, _, literal = self.operand()
        if column is not None:
            raise NotUnderstood(f"expected a literal instead of the column {column!r}")
        return literal

    def operand(self) -> _Operand:
        """A column, a measure of one, or a literal; each may have parentheses and casts."""
        if self.took("("):
            operand = self.operand()
            self.need(")")
        else:
            operand = self.column() or (None, "", self.constant())
        while self.took("::"):
            cast = self.type_name(_CASTS if operand[0] is None else _TEXT_CASTS)
            number = operand[2]
            if cast in _WHOLE_CASTS and isinstance(number, Decimal) and number % 1:
                raise NotUnderstood(f"{number} is rounded by a cast")
        return operand

    def column(self) -> _Operand | None:
        kind, text = self.token()
        if kind == "word" and text in _MEASURES and self.tokens[self.at + 1][1] == "(":
            self.at += 1
            column, measure, literal = self.operand()
            if column is None or measure:
                raise NotUnderstood(f"{text} is only supported for a column")
            return column, _MEASURES[text], literal
        if kind not in ("word", "quoted") or (kind == "word" and text in ("true", "false")):
            return None
        if self.tokens[self.at + 1] == ("sign", "."):
            self.at += 2
            return self.column()
        name = _name(text)
        if name not in self.columns:
            return None
        self.at += 1
        return name, "", ""

    def constant(self) -> Literal:
        kind, text = self.token()
        self.at += 1
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return Decimal(text)
        if kind == "sign" and text in "+-" and self.token()[0] == "number":
            return Decimal(text + str(self.constant()))
        if kind == "word" and text in ("true", "false"):
            return text == "true"
        if kind == "word" and text in _TYPED_LITERALS and self.token()[0] == "string":
            return self.constant()
        raise NotUnderstood(f"{text!r} is neither a column of the table nor a literal")

    def type_name(self, allowed: Collection[str]) -> str:
        kind, name = self.token()
        self.at += 1
        for tail in _TYPE_TAILS:
            if kind == "word" and self.took(*tail):
                name = " ".join((name, *tail))
        if name not in allowed or self.token()[1] == "(":
            raise NotUnderstood(f"a cast to {name} can change the value")
        return name
