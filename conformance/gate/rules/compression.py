"""Changes that hypertables with compression reject, by version of TimescaleDB. Pure.

The rule compares the states before and after a revision, so that it also applies where the present
server allows the change or runs the Apache edition. What only older versions reject is an error if
the models declare such a version, and a warning if they declare none. Observed on 2.17.2, 2.20.3,
2.23, 2.28.3 and 2.29.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from conformance.comparing.capabilities import version_tuple
from conformance.comparing.codes import ERROR, WARNING
from conformance.comparing.facts import EXISTS
from conformance.gate.evidence.report import GateFinding
from conformance.gate.evidence.state import counterpart
from conformance.gate.rules.attribution import definer_of, is_named
from conformance.gate.rules.hints import hint_for_refusal
from conformance.gate.rules.sentences import shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from conformance.gate.evidence.evidence import Evidence, Failure
    from conformance.gate.evidence.state import Column, Contents

#: Not where compression is what the statement needs.
_REFUSAL = re.compile(r"(compress|columnstore)(?! not enabled|ion not enabled)", re.IGNORECASE)
_ADDS = re.compile(r"\b(ADD|CREATE)\b", re.IGNORECASE)
_NAMES = re.compile(r'"[^"]*"')
#: Classes of SQLSTATEs whose errors compression does not cause, whatever the objects are called:
#: values, keys, syntax and names, and what a revision raises itself.
_OTHER_CAUSES = ("22", "23", "42", "P0")


@dataclass(frozen=True)
class Refusal:
    """A change that hypertables with compression enabled reject.

    Attributes:
        change: the change, in SQL's terms.
        until: the first version that allows the change; empty if no version does.
        hint: what to do instead; empty: use a version that allows the change.
        unless: when later versions still reject the change.
    """

    change: str
    until: str
    hint: str = ""
    unless: str = ""

    @property
    def always(self) -> bool:
        """Whether every version rejects the change, at least sometimes."""
        return not self.until or bool(self.unless)

    @property
    def versions(self) -> str:
        """The versions that reject the change, as the subject of a sentence and its verb."""
        if not self.until:
            return "every version of TimescaleDB rejects"
        if self.unless:
            return f"TimescaleDB before {self.until}, and {self.unless}, reject"
        return f"TimescaleDB before {self.until} rejects"


class Versions(NamedTuple):
    """The versions of TimescaleDB that a revision has to run on.

    Attributes:
        server: that of the present server, `2.23.0-dev`.
        minimum: the oldest one that the models declare; None: they declare none.
    """

    server: str
    minimum: str | None = None

    def severity(self, refusal: Refusal) -> str | None:
        """How bad the rejected change is; None: no version that matters rejects it."""
        allowed = version_tuple(refusal.until)
        needed = [self.server] if self.minimum is None else [self.server, self.minimum]
        if refusal.always or any(version_tuple(version) < allowed for version in needed):
            return ERROR
        return WARNING if self.minimum is None else None

    def hint(self, refusal: Refusal) -> str:
        """What to do instead, or how to leave the versions behind that reject the change."""
        if refusal.hint:
            return refusal.hint
        if version_tuple(self.server) < version_tuple(refusal.until):
            way = f"Update TimescaleDB to {refusal.until}"
        elif self.minimum is None:
            way = f'Declare TimescaleDB(minimum="{refusal.until}") in the models'
        else:
            way = f"Raise TimescaleDB(minimum=...) in the models to {refusal.until}"
        return f"{way}, or make this change before compression is enabled."


REFUSALS = {
    refusal.change: refusal
    for refusal in (
        Refusal("ADD CONSTRAINT", "2.20"),
        Refusal("CREATE UNIQUE INDEX", "2.20"),
        Refusal("SET NOT NULL", "2.20"),
        Refusal("DROP NOT NULL", "2.20"),
        Refusal(
            "ALTER COLUMN TYPE",
            "2.28",
            "Add a column of the new type, fill it, and exchange the names.",
            "later versions while a chunk is compressed",
        ),
        Refusal(
            "DROP COLUMN of a segment-by or order-by column",
            "",
            "Decompress all chunks and change the compression settings first, or keep the column.",
        ),
        Refusal(
            "ADD COLUMN with an identity or a generated value",
            "",
            "Add a plain column and let the writers fill it.",
        ),
    )
}

#: What the changes of columns define: a kind and an attribute, as facts call them.
_DEFINED = {
    "SET NOT NULL": ("column", "nullable"),
    "DROP NOT NULL": ("column", "nullable"),
    "ALTER COLUMN TYPE": ("column", "type"),
    "DROP COLUMN of a segment-by or order-by column": ("column", EXISTS),
    "ADD COLUMN with an identity or a generated value": ("column", EXISTS),
}


def judge_compression(
    evidence: Evidence, declared: Collection[str], versions: Versions
) -> Iterator[GateFinding]:
    """Find changes of the revision that hypertables with compression reject.

    Args:
        declared: tables whose models declare compression; needed where the server has none.
        versions: those that the revision has to run on.
    """
    if evidence.failure is not None and refused_for_compression(evidence.failure):
        yield judge_refusal(evidence.revision.identifier, evidence.failure)
    if evidence.after is None:
        return
    texts = [statement.sql for statement in evidence.statements]
    for oid, earlier in evidence.before.contents.items():
        later = counterpart(evidence.after.contents, oid, earlier.name)
        compressed = earlier.compressed or earlier.name in declared
        if later is None or later.oid != earlier.oid or not compressed:
            continue
        needed = _setting_columns(evidence, earlier.name)
        for change, subject in _changes(earlier, later, needed, texts):
            refusal = REFUSALS[change]
            if severity := versions.severity(refusal):
                unsaid = " The models do not say which version they need." * (severity == WARNING)
                yield GateFinding(
                    "compression-forbids",
                    evidence.revision.identifier,
                    subject,
                    f"{change} ({subject}): {refusal.versions} the change while compression is "
                    f"enabled on {earlier.name}.{unsaid}",
                    versions.hint(refusal),
                    definer_of(evidence.statements, subject, *_DEFINED.get(change, ())),
                    severity=severity,
                )


def judge_refusal(revision: str, failure: Failure) -> GateFinding:
    """The finding about a statement that this server rejects because of compression."""
    return GateFinding(
        "compression-forbids",
        revision,
        "",
        f"This server rejects {shortened(failure.sql)}: {failure.reason.rstrip('.')}.",
        hint_for_refusal(failure.sql),
    )


def refused_for_compression(failure: Failure) -> bool:
    """Whether the server's message names compression as the reason, and not as a part of a name."""
    if not failure.sql or failure.sqlstate.startswith(_OTHER_CAUSES):
        return False
    return any(map(_REFUSAL.search, _NAMES.split(failure.reason)))


def _changes(
    earlier: Contents, later: Contents, needed: Collection[str], texts: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield each change that is in `REFUSALS`, with its subject.

    Args:
        needed: the segment-by and order-by columns.
        texts: the statements of the upgrade.
    """
    for number, column in earlier.columns.items():
        name = f"{earlier.name}.{column.name}"
        if number in later.columns:
            for change in _altered(column, later.columns[number]):
                yield change, name
        elif column.name in needed:
            yield "DROP COLUMN of a segment-by or order-by column", name
    for number in later.columns.keys() - earlier.columns.keys():
        column = later.columns[number]
        for change in _added(column):
            yield change, f"{later.name}.{column.name}"
    known = set(earlier.constraints.values())
    for oid, (kind, name) in later.constraints.items():
        # Changing a column's type builds its constraints again, which no version rejects.
        adding = any(is_named(name, text) for text in texts if _ADDS.search(text))
        rebuilt = (kind, name) in known and not adding
        if oid not in earlier.constraints and not rebuilt:
            change = "CREATE UNIQUE INDEX" if kind == "unique index" else "ADD CONSTRAINT"
            yield change, f"{later.name}.{name}"


def _added(column: Column) -> Iterator[str]:
    if column.computed:
        yield "ADD COLUMN with an identity or a generated value"
    elif column.not_null and not column.has_default:
        # No version can add such a column in one step: it was added nullable and set afterwards.
        yield "SET NOT NULL"


def _altered(before: Column, after: Column) -> Iterator[str]:
    if before.type != after.type:
        yield "ALTER COLUMN TYPE"
    if before.not_null != after.not_null:
        yield "SET NOT NULL" if after.not_null else "DROP NOT NULL"


def _setting_columns(evidence: Evidence, table: str) -> set[str]:
    """The segment-by and order-by columns of the table."""
    found: set[str] = set()
    for key, value in evidence.before.facts.items():
        if key.kind == "compression" and key.table == table and isinstance(value, tuple):
            found |= {
                str(item).rsplit(" ", 3)[0] if key.attribute == "order_by" else str(item)
                for item in value
            }
    return found
