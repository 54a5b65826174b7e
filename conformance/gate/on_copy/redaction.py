"""Keep the data of a copy out of reports. Pure.

A value is shown only if the revision's own file has it: the values of other literals and parameters
may be rows of the database. So may the words of an error and of a notice.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.gate.evidence.evidence import Failure

HIDDEN = "…"
_LITERAL = re.compile(
    r"(?P<tag>\$\w*\$)(?P<dollar>.*?)(?P=tag)|[eE]?'(?P<text>(?:[^']|'')*)'"
    r"|(?<![\w.\"$%])(?P<number>\d+(?:\.\d+)?)(?![\w\"])",
    re.DOTALL,
)
#: What a message of the server may quote, in any of its languages, and its numbers. No word begins
#: right after a quotation, but for languages without spaces.
_QUOTED = re.compile(
    r"\"(?P<name>[^\"]*)\"(?![A-Za-z0-9\"])|[«»]\s*(?P<angled>[^«»]*?)\s*[«»]|'(?P<text>[^']*)'"
    r"|(?<![\w.])(?P<number>\d+(?:\.\d+)?)(?!\w)|=\((?P<key>.*)\)|(?:=\(|[\"«»])(?P<cut>.+)"
)
#: A sign that begins a quotation -> those that may end it.
_ENDS = {'"': '"', "'": "'", "«": "«»", "»": "«»"}

#: What the server says beside a message, as psycopg2 calls it.
_NAMES = ("schema_name", "table_name", "column_name", "constraint_name", "datatype_name")
#: PostgreSQL's function that runs RAISE, whose words are the author's.
_RAISE = "exec_stmt_raise"
_UNSHOWN = "the words of the error are not shown, since they may contain rows of the copy"


class Redaction:
    """Hides what is not known from the project's own files.

    Args:
        sources: the texts of the revisions' files.
        scrub: removes the password of the copy.
    """

    def __init__(self, sources: Iterable[str], scrub: Callable[[str], str]) -> None:
        self._known = "\n".join(sources)
        self._scrub = scrub

    def statement(self, sql: str) -> str:
        """The statement without the values that the revision's file does not have."""
        return self._scrub(_LITERAL.sub(self._literal, sql))

    def message(self, text: str, names: Iterable[str] = ()) -> str:
        """A message of the server without values.

        Args:
            names: names of objects, which the server gives beside the message.
        """
        allowed = {*names}
        for match in _QUOTED.finditer(text):
            ends = _ENDS.get(match[0][0])
            if ends and not self._may_show(_value(match), allowed):
                # It may contain quotes itself, so that it ends at the last one.
                last = max(text.rfind(sign, match.start() + 1) for sign in ends)
                tail = text[last:] if last > 0 else ""
                text = f"{text[: match.start() + 1]}{HIDDEN}{tail}"
                break
        return self._scrub(_QUOTED.sub(lambda match: self._quoted(match, allowed), text))

    def failure(self, failure: Failure, error: BaseException | None) -> Failure:
        """The failure without values.

        Args:
            error: what the migration raised, as its driver has it.
        """
        original = getattr(error, "orig", None) or error
        diag = getattr(original, "diag", None)
        kind, _, words = failure.reason.partition(": ")
        # A value of several lines ends on none of those that are shown.
        told = (
            failure.sqlstate
            and getattr(diag, "source_function", None) != _RAISE
            and "\n" not in (getattr(diag, "message_primary", None) or "")
        )
        names = {str(name) for name in (getattr(diag, part, None) for part in _NAMES) if name}
        return replace(
            failure,
            reason=f"{kind}: {self.message(words, names) if told else _UNSHOWN}",
            sql=self.statement(failure.sql),
            dependents=tuple(self._scrub(line) for line in failure.dependents),
            hint=self.message(failure.hint, names) if told else "",
            detail=tuple(
                self.message(line, names) for line in failure.detail if line.startswith("Key (")
            ),
        )

    def _literal(self, match: re.Match[str]) -> str:
        value = next(v for v in (match["dollar"], match["text"], match["number"]) if v is not None)
        if self._knows(value):
            return match[0]
        return HIDDEN if match["number"] is not None else f"'{HIDDEN}'"

    def _quoted(self, match: re.Match[str], allowed: set[str]) -> str:
        value = _value(match)
        return match[0] if self._may_show(value, allowed) else match[0].replace(value, HIDDEN)

    def _may_show(self, value: str, allowed: set[str]) -> bool:
        # Between the quotes of `""row""` is nothing that the file could have.
        return value in allowed or (value != "" and self._knows(value))

    def _knows(self, value: str) -> bool:
        if not value:
            return True
        edge_before = r"(?<!\w)" if value[0].isalnum() else ""
        edge_after = r"(?!\w)" if value[-1].isalnum() else ""
        return re.search(f"{edge_before}{re.escape(value)}{edge_after}", self._known) is not None


def _value(match: re.Match[str]) -> str:
    """What stands within the signs."""
    return next(value for value in match.groups() if value is not None)
