"""What a server says beside its answers, all of it."""

from __future__ import annotations


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
