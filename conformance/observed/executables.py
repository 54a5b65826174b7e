"""What PostgreSQL would execute of a database's own functions to plan a text.

EXPLAIN runs no query, but planning folds constants: `f(1)` is executed where f is immutable. For a
role with few rights that is no danger. A superuser who audits somebody else's database must not
execute what that database defines.

Source: PostgreSQL documentation, "Function Volatility Categories".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.comparing.tokens import tokens_of
from conformance.observed.catalog import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection

    from conformance.comparing.tokens import Token

#: What follows an argument that is one token.
_ENDS = ([(None, ",")], [(None, ")")])
#: The key of `Connection.info` in a session that reads a database of somebody else.
FOREIGN = "conformance_foreign"


@dataclass(frozen=True)
class Executables:
    """What planning could execute.

    Attributes:
        called: names of functions that are executed if they are called with constants alone.
        words: names of functions, types and operators of which any mention may execute something.
    """

    called: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    def reason_against(self, sql: str, columns: Collection[str] | None = None) -> str:
        """Why the text must not be planned; empty if it may be.

        Args:
            columns: the names of columns that the text may use; None: they are not known, and every
                call counts.
        """
        name = self._named_in(sql, columns)
        return name and (
            f"PostgreSQL could execute {name}, which the database defines, to plan this. So only"
            " the texts are compared, and they differ. Audit as a role that is no superuser"
        )

    def _named_in(self, sql: str, columns: Collection[str] | None) -> str:
        if not self.called and not self.words:
            return ""
        tokens = [token for token in tokens_of(sql) if not token[1].isspace()]
        for place, (name, written) in enumerate(tokens):
            if name in self.words or name == "operator":
                return name
            if written in self.words:
                return written
            rest = tokens[place + 1 :]
            if name in self.called and _is_call(rest) and not _has_column(rest, columns):
                return name
        signs = (word for word in self.words if not word[0].isalnum() and word[0] != "_")
        return next((sign for sign in signs if sign in sql), "")


def _is_call(rest: Sequence[Token]) -> bool:
    return bool(rest) and rest[0][1] == "("


def _has_column(rest: Sequence[Token], columns: Collection[str] | None) -> bool:
    """Whether the call that the tokens continue has a column itself as an argument.

    A column within an argument is not enough: the planner makes a constant of `coalesce(1, price)`.
    """
    has = False
    for place, (name, written) in enumerate(rest[1:], 1):
        if written == ")":
            return has
        plain = rest[place - 1][1] in ("(", ",") and rest[place + 1 : place + 2] in _ENDS
        if not plain and written != ",":
            return False
        has = has or (columns is not None and name in columns)
    return False


def executables(connection: Connection) -> Executables:
    """What a superuser must not plan in a database of somebody else; else nothing."""
    if not executes_as_superuser(connection):
        return Executables()
    found = connection.execute(text(statement("executables"))).all()
    return Executables(
        frozenset(row.word for row in found if row.only_called),
        frozenset(row.word for row in found if not row.only_called),
    )


def executes_as_superuser(connection: Connection) -> bool:
    """Whether the session is a superuser's, in a database of somebody else."""
    return bool(connection.info.get(FOREIGN)) and (
        connection.exec_driver_sql("SHOW is_superuser").scalar_one() == "on"
    )
