"""Plays the steps of a history on a hypertable and on its twin, and compares them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from psycopg2 import errorcodes
from sqlalchemy import and_, cast, delete, func, insert, literal, null, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.exc import DBAPIError

from conformance.histories.prepared import EXECUTIONS, Inserting, Latest
from conformance.histories.recording import execute_as_it_is
from conformance.histories.twin import literal as literal_of
from conformance.histories.twin import name
from conformance.observed.home import function, functions
from conformance.strategies import chunk_starts, rewritten

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement, Executable, TableClause

    from conformance.histories.stage import Stage
    from conformance.histories.subject import Subject, Write
    from conformance.strategies import Row

#: TimescaleDB refuses what a plain table can do, and says so: a limit, not a disagreement.
_NOT_SUPPORTED = "feature_not_supported"


class Disagreement(AssertionError):
    """The hypertable and its twin are no longer the same."""


class Player:
    """One history: it begins with empty tables and ends with `finish`."""

    def __init__(self, subject: Subject, stage: Stage) -> None:
        self.subject = subject
        self.stage = stage
        twins = subject.twins
        self._hypertable, self._twin = twins.hypertable, twins.twin
        self._name = name(self._hypertable)
        stage.clear(twins)
        self._inserting, self._inserting_in_twin = (
            Inserting(word, target, twins.columns, self._key_names())
            for word, target in (("put", self._hypertable), ("put_in_twin", self._twin))
        )
        self._latest = Latest("latest", self._hypertable, subject.time_column)

    # What the write path does, and what it should do.

    def insert_new(self, batch: Sequence[Row]) -> None:
        """The write path's `insert_new`: the first row of a key stays."""
        assert self.subject.insert_new is not None
        try:
            self._write("insert_new", self.subject.insert_new, batch)
        finally:
            self._on_twin(map(self._keeping, batch))
        self.compare()

    def upsert(self, batch: Sequence[Row]) -> None:
        """The write path's `upsert`: the last row of a key stays."""
        assert self.subject.upsert is not None
        try:
            self._write("upsert", self.subject.upsert, batch)
        finally:
            self._on_twin(map(self._replacing, batch))
        self.compare()

    def abandon(self, batch: Sequence[Row]) -> None:
        """The write path's `upsert` in a transaction that is rolled back."""
        assert self.subject.upsert is not None
        # What it refuses it refuses in `upsert` too.
        with suppress(DBAPIError):
            self._write("upsert, rolled back", self.subject.upsert, batch, ending="ROLLBACK")
        self.compare()

    def _write(
        self, words: str, write: Write, batch: Sequence[Row], *, ending: str = "COMMIT"
    ) -> None:
        connection = self.stage.connections.writing
        with self.stage.recorder.step(words) as step, connection.begin() as transaction:
            step.ending = ending
            self.stage.rows += len(batch)
            write(connection, self.subject.table, batch)
            if ending == "ROLLBACK":
                transaction.rollback()

    def _keeping(self, row: Row) -> Executable:
        return insert_or(self._twin).values(_given(row)).on_conflict_do_nothing(
            index_elements=self._key_names()
        )  # fmt: skip

    def _replacing(self, row: Row) -> Executable:
        statement = insert_or(self._twin).values(_given(row))
        changed = {key: statement.excluded[key] for key in row if key not in self.subject.key}
        if not changed:
            return self._keeping(row)
        return statement.on_conflict_do_update(index_elements=self._key_names(), set_=changed)

    def _on_twin(self, statements: Iterable[Executable]) -> None:
        """Even after an error: the script of a history shows then what is missing."""
        with self.stage.recorder.step("the same on the twin, row by row"):
            for statement in statements:
                self.stage.connections.plain.execute(statement)

    # Plain statements, the same for both.

    def insert(self, rows: Sequence[Row]) -> None:
        """A plain INSERT, which a second row of a key makes fail."""
        given = [_given(row) for row in rows]
        self.stage.rows += len(rows)
        self._both("insert", lambda table: insert(table).values(given))

    def delete(self, known: Row, columns: Collection[str]) -> None:
        """A DELETE of the rows that are like a known one in these columns of the key."""
        self._both(
            "delete",
            lambda table: delete(table).where(_like(table, known, columns)),
            counted=self.subject.avoidance.counts_deleted,
        )

    def update(self, known: Row, columns: Collection[str], fresh: Row, changed: str) -> None:
        """An UPDATE of what is outside the key."""
        values = _given({key: fresh[key] for key in self.subject.tied(changed)})
        self._both(
            "update",
            lambda table: update(table).where(_like(table, known, columns)).values(values),
        )

    def update_key(self, known: Row, fresh: Row, changed: str) -> None:
        """An UPDATE of a column of the key, also to a key that is taken.

        From 2.28 on TimescaleDB may refuse it on a compressed chunk (timescaledb pull request
        10003); then nothing must have changed.
        """
        key = self.subject.key
        moved = rewritten(self.subject.table, known, fresh, [changed])
        if self.subject.avoidance.free_keys_only and self._is_taken(moved):
            return
        values = _given({name: fresh[name] for name in self.subject.tied(changed)})
        self._both(
            "update of the key",
            lambda table: update(table).where(_like(table, known, key)).values(values),
            may_be_unsupported=True,
        )

    def _is_taken(self, row: Row) -> bool:
        taken = select(func.count()).select_from(self._twin)
        found = self.stage.connections.plain.scalar(
            taken.where(_like(self._twin, row, self.subject.key))
        )
        return bool(found)

    def _both(
        self,
        words: str,
        statement: Callable[[TableClause], Executable],
        *,
        counted: bool = True,
        may_be_unsupported: bool = False,
    ) -> None:
        with self.stage.recorder.step(words):
            of_hypertable = self._outcome(statement(self._hypertable), counted)
            if not (may_be_unsupported and of_hypertable == _NOT_SUPPORTED):
                of_twin = self._outcome(statement(self._twin), counted)
                if of_hypertable != of_twin:
                    raise Disagreement(
                        f"{words}: {of_hypertable} in {self._name}, {of_twin} in its twin"
                    )
        self.compare()

    def _outcome(self, statement: Executable, counted: bool) -> str:
        try:
            result: Any = self.stage.connections.plain.execute(statement)
        except DBAPIError as error:
            code = getattr(error.orig, "pgcode", None)
            if code is None:
                raise
            return str(errorcodes.lookup(code)).lower()
        if not counted:
            return "done"
        return f"{result.rowcount} rows" if result.rowcount != 1 else "1 row"

    # What happens to chunks.

    #: What is done to a chunk; `compress` also takes in what was written to it since.
    CHUNK_ACTIONS: ClassVar[dict[str, tuple[str, str]]] = {
        "compress": ("compress_chunk", "if_not_compressed => true"),
        "decompress": ("decompress_chunk", "if_compressed => true"),
        "recompress": ("compress_chunk", "recompress => true"),
    }

    def change_chunk(self, number: int, action: str) -> None:
        """Bring a chunk into another state, if there are so many.

        Args:
            number: of the chunk, in the order in which they were made.
            action: one of `CHUNK_ACTIONS`.
        """
        called, how = self.CHUNK_ACTIONS[action]
        self._alone(
            f"{action} a chunk",
            f"SELECT {self._function(called)}(chunk, {how})"
            f" FROM (SELECT c AS chunk FROM {self._chunks} AS c"
            f" ORDER BY c OFFSET {number} LIMIT 1) AS nth",
        )

    def run_policy(self) -> None:
        """Run the job that compresses old chunks; all chunks here are old."""
        self._alone("compression policy", f"CALL {self._function('run_job')}({self.subject.job})")

    def drop_before(self, number: int) -> None:
        """Drop the chunks before a moment where one begins."""
        time = self.subject.time_column
        moment = cast(literal(chunk_starts(self.subject.table)[number], time.type), time.type)
        with self.stage.recorder.step("drop old chunks"):
            plain = self.stage.connections.plain
            dropping = functions(plain).drop_chunks(self._name, moment)
            plain.execute(select(dropping))
            plain.execute(delete(self._twin).where(self._twin.columns[time.name] < moment))
        self.compare()

    def restart(self) -> None:
        """Stop the server and start it again."""
        with self.stage.recorder.step("restart the server here"):
            self.stage.restart()
        self.compare()

    def _alone(self, words: str, statement: str) -> None:
        with self.stage.recorder.step(words):
            try:
                execute_as_it_is(self.stage.connections.plain, statement)
            except DBAPIError as error:
                raise Disagreement(f"{words} fails: {_first_line(error)}") from error
        self.compare()

    # Prepared statements.

    def put_prepared(self, rows: Sequence[Row], times: int) -> None:
        """A prepared INSERT ... ON CONFLICT DO NOTHING, executed so often."""
        self.stage.rows += times
        given = [rows[number % len(rows)] for number in range(times)]
        plain = self.stage.connections.plain
        with self.stage.recorder.step("prepared insert"):
            try:
                self._inserting.execute(plain, given)
            finally:
                self._inserting_in_twin.execute(plain, given)
        self.compare()

    def read_latest(self, limit: int) -> None:
        """A prepared ORDER BY time DESC LIMIT, until one plan serves all values."""
        plain, time = self.stage.connections.plain, self.subject.time_column.name
        column = self._twin.columns[time]
        with self.stage.recorder.step("prepared read"):
            expected = list(plain.scalars(select(column).order_by(column.desc()).limit(limit)))
            for number in range(1, EXECUTIONS + 1):
                found = self._latest.execute(plain, limit)
                if found != expected:
                    raise Disagreement(
                        f"prepared read: execution {number} finds {_shown(found)},"
                        f" the twin has {_shown(expected)}"
                    )

    # What must hold.

    def compare(self) -> None:
        """Both hold the same rows.

        Raises:
            Disagreement: they do not; with the first row that is in one of them only.
        """
        plain = self.stage.connections.plain
        found = execute_as_it_is(plain, f"{self.subject.twins.difference}\nLIMIT 1").first()
        if found is not None:
            place, *values = tuple(found)
            raise Disagreement(f"a row is {place}: {_shown(values)}")

    def finish(self) -> None:
        """The same once more without compression, and read through new indexes."""
        if self.subject.is_compressed:
            self._alone(
                "decompress all",
                f"SELECT {self._function('decompress_chunk')}(c) FROM {self._chunks} AS c",
            )
        self._alone("rebuild the indexes", f"REINDEX TABLE {self._name}")

    @property
    def _chunks(self) -> str:
        """What gives the table's chunks, in SQL."""
        return f"{self._function('show_chunks')}({literal_of(self._name)})"

    def _function(self, name: str) -> str:
        return function(self.stage.connections.plain, name)

    def _key_names(self) -> list[str]:
        return [self.subject.table.columns[key].name for key in self.subject.key]


def _given(row: Row) -> dict[str, Any]:
    """For a statement; None is NULL, also where it could be the document `null`."""
    return {key: null() if value is None else value for key, value in row.items()}


def _like(table: TableClause, row: Row, columns: Collection[str]) -> ColumnElement[bool]:
    # Sorted: the order of a set is no part of a history.
    return and_(*(table.columns[key] == row[key] for key in sorted(columns)))


def _shown(values: Sequence[Any]) -> str:
    return f"({', '.join(str(value) for value in values)})"


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]
