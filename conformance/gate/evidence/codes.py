"""The codes of the gate's findings: one stable code for each rule, with its severity."""

from __future__ import annotations

from conformance.comparing.codes import ERROR, NOTE, WARNING, Code, by_name
from conformance.comparing.policies.codes import POLICY_CODES

#: The prefix of codes that are rules of squawk.
SQUAWK = "squawk:"
SQUAWK_PAGES = "https://squawkhq.com/docs/"


class OfSquawk(Code):
    """The code of a rule of squawk."""

    @property
    def page(self) -> str:
        """The URL of squawk's page about the rule."""
        return f"{SQUAWK_PAGES}{self.name.removeprefix(SQUAWK)}"


#: All codes except squawk's, in the order of the reports. Checks and audits also report the
#: codes of policies.
CODES = (
    by_name(
        Code("upgrade-failed", ERROR, "The upgrade fails."),
        Code("revision-edited", ERROR, "An existing revision was edited."),
        Code("data-lost", ERROR, "Rows are deleted, or a column or table with data is dropped."),
        Code("data-overwritten", ERROR, "Values are overwritten, and no downgrade restores them."),
        Code("data-changed", WARNING, "Existing rows get other values, or rows are added."),
        POLICY_CODES["sequence-behind"],
        Code("writes-fail", ERROR, "Rows that could be written before can no longer be written."),
        Code("drift", ERROR, "The database differs from the models."),
        Code("inherited-drift", NOTE, "The database differed from the models before."),
        Code("lock-held", ERROR, "A blocking lock is held during other work."),
        Code("no-lock-timeout", ERROR, "A blocking lock is requested without a lock timeout."),
        Code("rewrite", ERROR, "An existing table or its chunks are rewritten."),
        Code("lock-scan", WARNING, "Rows are read under a blocking lock."),
        Code("compression-forbids", ERROR, "A hypertable with compression rejects the change."),
        Code("decompression", WARNING, "A statement decompresses rows of compressed chunks."),
        Code("exceeds-limit", WARNING, "At the sizes of real tables, a limit is exceeded."),
        Code("warning", ERROR, "A statement raises a WARNING."),
        Code(
            "interrupted",
            ERROR,
            "After an interruption the revision can be neither completed nor rolled back.",
        ),
        Code("downgrade-missing", ERROR, "The downgrade does nothing."),
        Code("downgrade", ERROR, "The downgrade fails or does not restore the previous state."),
        Code("trace-left", ERROR, "The downgrade leaves entries behind in a catalog."),
        Code("irreversible", NOTE, "The revision is declared irreversible."),
        Code("offline-differs", ERROR, "Offline SQL has another effect than the upgrade."),
        Code(
            "together-differs",
            ERROR,
            "Several revisions have another effect in one run than alone.",
        ),
        Code("accepted-without-reason", ERROR, "A finding is accepted without a reason."),
        Code("accepted-in-vain", WARNING, "An accepted finding does not occur."),
    )
    | POLICY_CODES
)


def code(name: str) -> Code:
    """Return the code with the name; `squawk:<rule>` is a warning.

    Raises:
        KeyError: no code has the name.
    """
    if name.startswith(SQUAWK) and name != SQUAWK:
        return OfSquawk(name, WARNING, f"squawk: {name.removeprefix(SQUAWK)}.")
    return CODES[name]


def is_code(name: str) -> bool:
    """Whether a finding can have this code."""
    return name in CODES or (name.startswith(SQUAWK) and name != SQUAWK)
