"""The notices of a server, without the limits of the drivers."""

from __future__ import annotations

import re

#: create_hypertable's notice about `varchar` and about `timestamp` without a zone. It creates the
#: hypertable nevertheless, and the models declare the type on purpose.
_ADVICE = re.compile(r'column type "[^"]*" used for "[^"]*" does not follow best practices')


class Notices(list[str]):
    """All notices of a connection, in `kept`: psycopg2 keeps only fifty, SQLAlchemy clears them."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []

    def append(self, notice: str) -> None:
        """Called by psycopg2."""
        self.kept.append(notice)

    def take(self) -> list[str]:
        """The notices since the last call."""
        taken, self.kept = self.kept, []
        return taken


def is_warning(notice: str) -> bool:
    """Whether the notice is a warning, `WARNING:  ...`, and not mere advice."""
    return notice.startswith("WARNING") and not is_advice(notice)


def is_advice(message: str) -> bool:
    """Whether the message is TimescaleDB's advice about the type of a column."""
    return bool(_ADVICE.search(message))
