"""What a server says beside its answers, all of it."""

from __future__ import annotations

import re

#: What create_hypertable says of `varchar` and of `timestamp` without a zone. It does as it was
#: told all the same, and what types the models mean they declare.
_ADVICE = re.compile(r'column type "[^"]*" used for "[^"]*" does not follow best practices')


class Notices(list[str]):
    """A connection's notices: psycopg2 keeps fifty, SQLAlchemy empties them; `kept` has all."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []

    def append(self, notice: str) -> None:
        """Called by psycopg2."""
        self.kept.append(notice)

    def take(self) -> list[str]:
        """Those that have come since it was called last."""
        taken, self.kept = self.kept, []
        return taken


def is_warning(notice: str) -> bool:
    """Whether it says that something was not done as it was told, `WARNING:  ...`."""
    return notice.startswith("WARNING") and not is_advice(notice)


def is_advice(message: str) -> bool:
    """Whether it is TimescaleDB's opinion of a column's type."""
    return bool(_ADVICE.search(message))
