"""What the gate can find: one stable code for each rule, with its severity."""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING, NOTE = "error", "warning", "note"
#: Worst first.
SEVERITIES = (ERROR, WARNING, NOTE)

#: Before the name of a rule of squawk.
SQUAWK = "squawk:"
SQUAWK_PAGES = "https://squawkhq.com/docs/"
#: Where the pages of all others are in our repository; `conformance explain` prints them.
PAGES = "conformance/pages/"


@dataclass(frozen=True)
class Code:
    """A kind of finding.

    Attributes:
        name: stable; revisions accept findings by it.
        severity: `error`, `warning` or `note`; only errors that nobody accepted fail the gate.
        title: what is wrong, in a few words.
    """

    name: str
    severity: str
    title: str

    @property
    def page(self) -> str:
        """The page about it: a path in our repository, or an address for a rule of squawk."""
        if self.name.startswith(SQUAWK):
            return f"{SQUAWK_PAGES}{self.name.removeprefix(SQUAWK)}"
        return f"{PAGES}{self.name}.md"


#: Every code but squawk's, in the order of the reports.
CODES = {
    code.name: code
    for code in (
        Code("upgrade-failed", ERROR, "The upgrade fails."),
        Code("revision-edited", ERROR, "A revision of the base was changed."),
        Code("data-lost", ERROR, "Rows are gone, or a column or table that had some."),
        Code("data-changed", WARNING, "Rows that were there have other values, or there are more."),
        Code("sequence-behind", ERROR, "A sequence gives a number that a row has already."),
        Code("drift", ERROR, "The database is not what the models declare."),
        Code("lock-held", ERROR, "A lock that blocks others is held during other work."),
        Code("no-lock-timeout", ERROR, "A lock that blocks others is waited for without limit."),
        Code("rewrite", ERROR, "An existing table or its chunks are rewritten."),
        Code("lock-scan", WARNING, "A lock that blocks others is held while rows are read."),
        Code("compression-forbids", ERROR, "Compressed hypertables refuse the statement."),
        Code("warning", ERROR, "The server warns."),
        Code("interrupted", ERROR, "After an interruption the work can neither go on nor back."),
        Code("downgrade-missing", ERROR, "The downgrade does nothing."),
        Code("downgrade", ERROR, "The downgrade fails, or does not lead back."),
        Code("trace-left", ERROR, "The downgrade leaves something behind in a catalog."),
        Code("irreversible", NOTE, "The revision declares that there is no way back."),
        Code("offline-differs", ERROR, "Offline SQL does something else."),
        Code("accepted-without-reason", ERROR, "A finding is accepted without a reason."),
        Code("accepted-in-vain", WARNING, "A finding is accepted that does not occur."),
    )
}


def code(name: str) -> Code:
    """The code of the name; `squawk:<rule>` is a warning.

    Raises:
        KeyError: there is none.
    """
    if name.startswith(SQUAWK) and name != SQUAWK:
        return Code(name, WARNING, f"squawk: {name.removeprefix(SQUAWK)}.")
    return CODES[name]


def is_code(name: str) -> bool:
    """Whether a finding can have it."""
    return name in CODES or (name.startswith(SQUAWK) and name != SQUAWK)
