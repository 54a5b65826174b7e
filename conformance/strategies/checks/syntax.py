"""Parse the SQL of a CHECK constraint: comparisons of columns, and their logic.

The grammar has

- `=`, `<>`, `<`, `<=`, `>`, `>=`, `BETWEEN`, `IN`, `= ANY (ARRAY[...])`, `<> ALL (ARRAY[...])`,
  `[NOT] LIKE`, `~`, `~*` and their opposites, `IS [NOT] NULL`, `TRUE`, `FALSE` and
  `DISTINCT FROM`, and a boolean column alone;
- instead of a column its `length`, `octet_length`, `cardinality`, `array_length`, `jsonb_typeof`,
  `lower`, `upper`, `trim`, `date_trunc`, or `COALESCE(column, literal)`; instead of a literal
  another column, the column itself after `lower(column) =` and the like, and `GREATEST` or `LEAST`;
- `num_nonnulls`, `num_nulls` and sums of null tests that are cast to a number, compared with a
  number; `COALESCE(column, column) IS NULL`; `=` and `<>` between conditions in parentheses;
- casts that change no value, and `AND`, `OR`, `NOT` and parentheses around all of these.

Everything else raises `NotUnderstood`; the parser skips nothing.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from conformance.strategies.checks.conditions import (
    BEGINNINGS,
    MIRRORED,
    SPELLINGS,
    Comparison,
    Condition,
    Counted,
    Junction,
    Literal,
    NotUnderstood,
    Pair,
    alike,
    and_not_null,
    holds_for,
    is_certain,
    opposite,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

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
    "jsonb_typeof": "type", "json_typeof": "type", "octet_length": "octets",
    "lower": "lower", "upper": "upper", "trim": "trim", "btrim": "trim",
    "cardinality": "items", "array_length": "first dimension",
}  # fmt: skip
#: Function, measure of its argument -> the measure of both. Whichever of a case and `trim` comes
#: first, the result is the same.
_MEASURES_OF_MEASURES = {
    ("length", "trim"): "length of trim",
    **{
        names: f"{case} trim"
        for case in ("lower", "upper") for names in ((case, "trim"), ("trim", case))
    },
}  # fmt: skip
#: Function -> whether it counts the columns that are NULL.
_COUNTS = {"num_nonnulls": False, "num_nulls": True}
#: Of more parts there are too many combinations.
_MOST_COUNTED = 10
#: LIKE as PostgreSQL prints it; and what compares with a regular expression, with or without regard
#: to the case.
_LIKES = {
    "~~": "like", "!~~": "not like", **{name: name for name in ("~", "~*", "!~", "!~*")},
}  # fmt: skip
#: Operator, word before an array -> what both are.
_LISTS = {("=", "any"): "in", ("<>", "all"): "not in"}
#: What picks one of several operands -> the comparisons for which it is the same as comparing each
#: operand; NULL operands count in neither.
_PICKS = {"greatest": (">", ">="), "least": ("<", "<=")}
_TEXT_CASTS = {"text", "varchar", "character varying"}
_WHOLE_CASTS = {"integer", "int", "bigint", "smallint"}
#: Casts that keep the value of a literal; `operand` refuses a cast that rounds.
_NUMBER_CASTS = _WHOLE_CASTS | {"numeric", "double precision"}
_CASTS = _TEXT_CASTS | _NUMBER_CASTS | {
    "bpchar", "date", "boolean", "timestamp without time zone", "timestamp with time zone",
    "timestamp", "timestamptz",
}  # fmt: skip
_TYPED_LITERALS = {"date", "timestamp", "timestamptz"}
#: The words after the first word of a type's name.
_TYPE_TAILS = (("precision",), ("varying",), ("with", "time", "zone"), ("without", "time", "zone"))


def read_check(sql: str, columns: Mapping[str, Collection[str]]) -> Condition:
    """Parse the condition of a CHECK constraint.

    Args:
        columns: the table's columns -> types to which they are cast without another value, besides
            those of texts.

    Raises:
        NotUnderstood: the SQL contains something outside the grammar.
    """
    reader = _Reader(_tokens(sql), columns)
    condition = reader.disjunction()
    if reader.token() != ("end", ""):
        raise NotUnderstood(f"{reader.token()[1]!r} is not supported there")
    return condition


def _cast(literal: Literal, kind: str) -> Literal:
    """The literal after a cast that keeps its value."""
    if kind not in _NUMBER_CASTS or isinstance(literal, bool):
        return literal
    try:
        number = Decimal(literal)
    except InvalidOperation:
        raise NotUnderstood(f"{literal!r} is no number") from None
    if kind in _WHOLE_CASTS and number % 1:
        raise NotUnderstood(f"{number} is rounded by a cast")
    return number


def _any_number(parts: tuple[Condition, ...], numbers: Iterable[Decimal]) -> Condition:
    return Junction(False, tuple(Counted(parts, "=", number) for number in numbers))


def _is_bare(condition: Condition) -> bool:
    """Whether the condition may be nothing but a column, of any type."""
    return isinstance(condition, Comparison) and condition.literals == (True,)


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


def _once(rule: Callable[[_Reader], _Item]) -> Callable[[_Reader], _Item]:
    """Read a rule once at each place: what is tried in several ways would take 2^n steps."""

    @wraps(rule)
    def read(self: _Reader) -> _Item:
        key = (rule.__name__, self.at)
        if key not in self.known:
            try:
                self.known[key] = rule(self), self.at
            except NotUnderstood as error:
                self.known[key] = error, self.at
        read_there, self.at = self.known[key]
        if isinstance(read_there, NotUnderstood):
            raise read_there
        found: _Item = read_there
        return found

    return read


class _Reader:
    """A recursive-descent parser with one method for each rule of the grammar."""

    def __init__(
        self, tokens: list[tuple[str, str]], columns: Mapping[str, Collection[str]]
    ) -> None:
        self.tokens = tokens
        self.columns = columns
        self.at = 0
        #: Rule, place -> what it read there, or why not, and the place after it.
        self.known: dict[tuple[str, int], tuple[Any, int]] = {}

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

    @_once
    def negation(self) -> Condition:
        if self.took("not"):
            return opposite(self.negation())
        start = self.at
        for rule in (self.counted, self.grouped):
            try:
                return rule()
            except NotUnderstood:
                self.at = start
        return self.predicate()

    def inner(self) -> Condition:
        """A condition in parentheses."""
        self.need("(")
        found = self.disjunction()
        self.need(")")
        return found

    def grouped(self) -> Condition:
        """A condition in parentheses, which may be compared with another one."""
        found = self.inner()
        kind, text = self.token()
        if kind == "sign" and text in ("=", "<>", "!=") and not _is_bare(found):
            self.at += 1
            other = self.inner() if self.token()[1] == "(" else self.truth()
            return alike(found, other if text == "=" else opposite(other))
        if text not in ("and", "or", ")", "", "then"):
            raise NotUnderstood(f"{text!r} is not supported after a condition")
        return found

    def truth(self) -> Condition:
        """A boolean column."""
        found = self.column()
        if found is None or found[1]:
            raise NotUnderstood(f"expected a column instead of {self.token()[1]!r}")
        return Comparison(found[0] or "", "=", (True,))

    def counted(self) -> Condition:
        """`num_nonnulls(a, b) = 1`, or the same as a sum of null tests."""
        parts = self.total()
        if not all(map(is_certain, parts)):
            raise NotUnderstood("a sum of conditions that may be unknown is not supported")
        if len(parts) > _MOST_COUNTED:
            raise NotUnderstood(f"more than {_MOST_COUNTED} conditions are counted")
        if self.took("between"):
            least = Counted(parts, ">=", self.number())
            self.need("and")
            return Junction(True, (least, Counted(parts, "<=", self.number())))
        if self.took("in"):
            return _any_number(parts, self.several(self.number, "(", ")"))
        operator = self.sign("a sum")
        if listed := self.list_after(operator):
            found = _any_number(parts, self.array(self.number))
            return found if listed == "in" else opposite(found)
        return Counted(parts, operator, self.number())

    def sign(self, after: str) -> str:
        """A sign of comparison, which must come next."""
        kind, text = self.token()
        if kind != "sign" or text not in _COMPARISONS:
            raise NotUnderstood(f"{text!r} is not supported after {after}")
        self.at += 1
        return "<>" if text == "!=" else text

    def function(self, names: Collection[str]) -> str:
        """The name of one of the functions, if a call of it comes next; else nothing."""
        kind, text = self.token()
        if kind != "word" or text not in names or self.tokens[self.at + 1] != ("sign", "("):
            return ""
        self.at += 1
        return text

    def number(self) -> Decimal:
        literal = self.literal()
        if not isinstance(literal, Decimal):
            raise NotUnderstood(f"a sum is compared with {literal!r}")
        return literal

    def list_after(self, operator: str) -> str:
        """`in` or `not in`, if ANY or ALL makes the operator that; else nothing."""
        return next(
            (
                listed
                for (sign, word), listed in _LISTS.items()
                if sign == operator and self.took(word)
            ),
            "",
        )

    @_once
    def total(self) -> tuple[Condition, ...]:
        """The conditions that a sum counts."""
        found = self.term()
        while self.took("+"):
            found += self.term()
        return found

    def term(self) -> tuple[Condition, ...]:
        if counting := self.function(_COUNTS):
            test = "is null" if _COUNTS[counting] else "is not null"
            return tuple(Comparison(name, test) for name in self.names())
        if self.took("case"):
            return (self.case(),)
        start = self.at
        try:
            self.need("(")
            found = self.total()
            self.need(")")
        except NotUnderstood:
            self.at = start
            condition = self.inner()
            self.need("::")
            self.type_name(_WHOLE_CASTS)
            return (condition,)
        return found

    def case(self) -> Condition:
        """`CASE WHEN condition THEN 1 ELSE 0 END`, or 0 and 1 the other way round."""
        self.need("when")
        condition = self.disjunction()
        self.need("then")
        one = self.literal()
        self.need("else")
        numbers = (one, self.literal())
        self.need("end")
        if numbers not in ((1, 0), (0, 1)):
            raise NotUnderstood("CASE is only supported with 1 and 0")
        return condition if numbers == (1, 0) else opposite(condition)

    def names(self) -> list[str]:
        """Columns in parentheses."""
        operands = self.operands()
        found = [name for name, measure, _ in operands if name and not measure]
        if len(found) < len(operands):
            raise NotUnderstood("only columns are counted")
        return found

    def predicate(self) -> Condition:
        if pick := self.function(_PICKS):
            return self.picked(pick)
        if self.function(("coalesce",)):
            return self.coalesced()
        column, measure, literal = self.operand()
        return self.mirrored(literal) if column is None else self.judged(column, measure)

    def coalesced(self) -> Condition:
        """`COALESCE(a, b) IS NULL`, or `COALESCE(a, literal)` before what may follow a column."""
        *columns, last = self.operands()
        names = [name for name, _, _ in columns if name]
        if last[0] is not None and len(names) == len(columns) and self.took("is"):
            negated = self.took("not")
            self.need("null")
            nulls = (Comparison(name, "is null") for name in (*names, last[0]))
            every = Junction(True, tuple(nulls))
            return opposite(every) if negated else every
        if len(columns) != 1 or not names or last[0] is not None:
            raise NotUnderstood("COALESCE is only supported for columns, or a column and a literal")
        (name,) = names
        found = self.judged(name, columns[0][1])
        if holds_for(found, last[2]):
            return Junction(False, (found, Comparison(name, "is null")))
        return Junction(True, (found, Comparison(name, "is not null")))

    def judged(self, column: str, measure: str) -> Condition:
        """What follows a column."""
        if self.took("is"):
            negated = self.took("not")
            found = self.state(column, measure)
            return opposite(found) if negated else found
        negated = self.took("not")
        if self.took("between"):
            low = self.compared_with(column, measure, ">=", self.operand())
            self.need("and")
            both = Junction(True, (low, self.compared_with(column, measure, "<=", self.operand())))
            return opposite(both) if negated else both
        if self.took("in"):
            operator = "not in" if negated else "in"
            return Comparison(column, operator, self.listed(), measure)
        if self.took("like"):
            return self.liked(column, measure, "not like" if negated else "like")
        if negated:
            raise NotUnderstood(f"NOT is not supported before {self.token()[1]!r}")
        return self.compared(column, measure)

    def state(self, column: str, measure: str) -> Condition:
        """What may follow IS or IS NOT; without NOT."""
        for word in ("true", "false"):
            if self.took(word):
                return and_not_null(Comparison(column, "=", (word == "true",), measure))
        if self.took("distinct", "from"):
            return opposite(self.same(column, measure))
        self.need("null")
        return Comparison(column, "is null")

    def same(self, column: str, measure: str) -> Condition:
        """`column IS NOT DISTINCT FROM` what comes next."""
        equal = self.compared_with(column, measure, "=", self.operand())
        if isinstance(equal, Pair):
            nulls = (Comparison(name, "is null") for name in equal.columns)
            return Junction(False, (and_not_null(equal), Junction(True, tuple(nulls))))
        assert isinstance(equal, Comparison), "a comparison with an operand is one"
        return and_not_null(equal)

    def compared(self, column: str, measure: str) -> Condition:
        kind, operator = self.token()
        if kind == "sign" and operator in _LIKES:
            self.at += 1
            return self.liked(column, measure, _LIKES[operator])
        if kind != "sign" or operator not in _COMPARISONS:
            return Comparison(column, "=", (True,), measure)
        self.at += 1
        operator = "<>" if operator == "!=" else operator
        if listed := self.list_after(operator):
            return Comparison(column, listed, self.array(self.literal), measure)
        start = self.at
        try:
            return self.alike(column, measure, operator)
        except NotUnderstood:
            self.at = start
        if pick := self.function(_PICKS):
            return self.with_each(column, measure, operator, pick)
        return self.compared_with(column, measure, operator, self.operand())

    def alike(self, column: str, measure: str, operator: str) -> Condition:
        """`flag = (a IS NULL)`: a boolean column, and a condition in parentheses."""
        other = self.inner()
        if _is_bare(other) or measure or operator not in ("=", "<>"):
            raise NotUnderstood("only a boolean column is compared with a condition")
        return alike(Comparison(column, operator, (True,)), other)

    def compared_with(
        self, column: str, measure: str, operator: str, operand: _Operand
    ) -> Condition:
        other, of_other, literal = operand
        if other is None:
            return Comparison(column, operator, (literal,), measure)
        changed = measure or of_other
        if other == column and "" in (measure, of_other) and changed in (*SPELLINGS, *BEGINNINGS):
            if operator not in ("=", "<>"):
                raise NotUnderstood(f"{operator!r} is not supported for {changed} of a column")
            return Comparison(column, operator, (), changed)
        if measure or of_other or other == column:
            raise NotUnderstood(f"expected a literal instead of the column {other!r}")
        return Pair.of(column, operator, other)

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
        operator = self.sign("a literal")
        column, measure, _ = self.operand()
        if column is None:
            raise NotUnderstood("the check compares two literals")
        return Comparison(column, MIRRORED.get(operator, operator), (literal,), measure)

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

    def listed(self) -> tuple[Literal, ...]:
        return tuple(self.several(self.literal, "(", ")"))

    def several(self, read: Callable[[], _Item], opening: str, closing: str) -> list[_Item]:
        """What stands between the signs, with commas."""
        self.need(opening)
        found = [read()]
        while self.took(","):
            found.append(read())
        self.need(closing)
        return found

    def array(self, read: Callable[[], _Item]) -> tuple[_Item, ...]:
        """`(ARRAY['a'::text, 'b'::text])`; the array may be cast as a whole."""
        self.need("(")
        inner = self.took("(")
        self.need("array")
        found = tuple(self.several(read, "[", "]"))
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
            column, measure, literal = operand
            if column is not None:
                self.type_name({*_TEXT_CASTS, *self.columns[column]})
            else:
                operand = (column, measure, _cast(literal, self.type_name(_CASTS)))
        return operand

    def column(self) -> _Operand | None:
        if self.function(("date_trunc",)):
            return self.truncated()
        if function := self.function(_MEASURES):
            return self.measured(function)
        kind, text = self.token()
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

    def truncated(self) -> _Operand:
        """The arguments of date_trunc(): a unit, a column, and perhaps the time zone UTC."""
        self.need("(")
        unit = self.literal()
        self.need(",")
        column, measure, literal = self.operand()
        if self.took(",") and self.literal() != "UTC":
            raise NotUnderstood("date_trunc is only supported in UTC")
        self.need(")")
        found = f"beginning of {unit}"
        if column is None or measure or found not in BEGINNINGS:
            raise NotUnderstood(f"date_trunc({unit!r}) is only supported for a column")
        return column, found, literal

    def measured(self, function: str) -> _Operand:
        """The argument of a function of one column."""
        self.need("(")
        # As PostgreSQL prints it: TRIM(BOTH FROM x).
        if function == "trim" and self.took("both"):
            self.need("from")
        column, measure, literal = self.operand()
        if function == "array_length":
            self.need(",")
            if self.literal() != 1:
                raise NotUnderstood("only the first dimension of an array is counted")
        self.need(")")
        found = _MEASURES[function]
        if measure:
            found = _MEASURES_OF_MEASURES.get((found, measure), "")
        if column is None or not found:
            raise NotUnderstood(f"{function} is only supported for a column")
        return column, found, literal

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
