"""Play the steps of a history on a hypertable and on its twin, and compare the two."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from psycopg2 import errorcodes
from sqlalchemy import and_, cast, delete, func, insert, literal, null, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.exc import DBAPIError

from conformance.histories.prepared import EXECUTIONS, PreparedInsert, PreparedLatest
from conformance.histories.recording import execute_raw
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

#: The error of a documented limit of TimescaleDB, which is not a disagreement.
_NOT_SUPPORTED = "feature_not_supported"


class Disagreement(AssertionError):
    """The hypertable and its twin differ."""


class Player:
    """Plays one history, which starts with empty tables and ends with `finish`."""

    def __init__(self, subject: Subject, stage: Stage) -> None:
        self.subject = subject
        self.stage = stage
        twins = subject.twins
        self._hypertable, self._twin = twins.hypertable, twins.twin
        self._name = name(self._hypertable)
        stage.clear(twins)
        self._inserting, self._inserting_in_twin = (
            PreparedInsert(statement, target, twins.columns, self._key_names())
            for statement, target in (("put", self._hypertable), ("put_in_twin", self._twin))
        )
        self._latest = PreparedLatest("latest", self._hypertable, subject.time_column)

    # The write path on the hypertable, and its expected effect on the twin.

    def insert_new(self, batch: Sequence[Row]) -> None:
        """Call the write path's `insert_new`, which keeps the first row of a key."""
        assert self.subject.insert_new is not None
        try:
            self._write("insert_new", self.subject.insert_new, batch)
        finally:
            self._on_twin(map(self._keeping, batch))
        self.compare()

    def upsert(self, batch: Sequence[Row]) -> None:
        """Call the write path's `upsert`, which keeps the last row of a key."""
        assert self.subject.upsert is not None
        try:
            self._write("upsert", self.subject.upsert, batch)
        finally:
            self._on_twin(map(self._replacing, batch))
        self.compare()

    def roll_back_upsert(self, batch: Sequence[Row]) -> None:
        """Call the write path's `upsert` in a transaction that is rolled back."""
        assert self.subject.upsert is not None
        # An error does not matter here: `upsert` raises the same.
        with suppress(DBAPIError):
            self._write("upsert, rolled back", self.subject.upsert, batch, ending="ROLLBACK")
        self.compare()

    def _write(
        self, title: str, write: Write, batch: Sequence[Row], *, ending: str = "COMMIT"
    ) -> None:
        connection = self.stage.connections.writing
        with self.stage.recorder.step(title) as step, connection.begin() as transaction:
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
        """Run also after an error, so that the history's script shows what is missing."""
        with self.stage.recorder.step("the same on the twin, row by row"):
            for statement in statements:
                self.stage.connections.plain.execute(statement)

    # Plain statements, the same on both tables.

    def insert(self, rows: Sequence[Row]) -> None:
        """Run a plain INSERT, which fails if it contains a second row of a key."""
        given = [_given(row) for row in rows]
        self.stage.rows += len(rows)
        self._run_on_both("insert", lambda table: insert(table).values(given))

    def delete(self, known: Row, columns: Collection[str]) -> None:
        """Delete the rows that equal a known row in these columns of the key."""
        self._run_on_both(
            "delete",
            lambda table: delete(table).where(_like(table, known, columns)),
            counted=self.subject.avoidance.counts_deleted,
        )

    def update(self, known: Row, columns: Collection[str], fresh: Row, changed: str) -> None:
        """Update a column outside of the key."""
        values = _given({key: fresh[key] for key in self.subject.changed_with(changed)})
        self._run_on_both(
            "update",
            lambda table: update(table).where(_like(table, known, columns)).values(values),
        )

    def update_key(self, known: Row, fresh: Row, changed: str) -> None:
        """Update a column of the key, possibly to an existing key.

        Since 2.28 TimescaleDB may reject this on a compressed chunk (timescaledb pull request
        10003); then nothing must have changed.
        """
        key = self.subject.key
        moved = rewritten(self.subject.table, known, fresh, [changed])
        if self.subject.avoidance.free_keys_only and self._is_taken(moved):
            return
        values = _given({name: fresh[name] for name in self.subject.changed_with(changed)})
        self._run_on_both(
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

    def _run_on_both(
        self,
        title: str,
        statement: Callable[[TableClause], Executable],
        *,
        counted: bool = True,
        may_be_unsupported: bool = False,
    ) -> None:
        with self.stage.recorder.step(title):
            of_hypertable = self._outcome(statement(self._hypertable), counted)
            if not (may_be_unsupported and of_hypertable == _NOT_SUPPORTED):
                of_twin = self._outcome(statement(self._twin), counted)
                if of_hypertable != of_twin:
                    raise Disagreement(
                        f"{title}: {of_hypertable} in {self._name}, {of_twin} in its twin"
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

    # Changes of chunks.

    #: The actions on a chunk; `compress` includes rows that were written since the last one.
    CHUNK_ACTIONS: ClassVar[dict[str, tuple[str, str]]] = {
        "compress": ("compress_chunk", "if_not_compressed => true"),
        "decompress": ("decompress_chunk", "if_compressed => true"),
        "recompress": ("compress_chunk", "recompress => true"),
    }

    def change_chunk(self, number: int, action: str) -> None:
        """Bring a chunk into another state, if it exists.

        Args:
            number: the number of the chunk, in the order of creation.
            action: one of `CHUNK_ACTIONS`.
        """
        called, how = self.CHUNK_ACTIONS[action]
        self._run_on_hypertable(
            f"{action} a chunk",
            f"SELECT {self._function(called)}(chunk, {how})"
            f" FROM (SELECT c AS chunk FROM {self._chunks} AS c"
            f" ORDER BY c OFFSET {number} LIMIT 1) AS nth",
        )

    def run_policy(self) -> None:
        """Run the job that compresses old chunks; all chunks of a history are old."""
        call = f"CALL {self._function('run_job')}({self.subject.job})"
        self._run_on_hypertable("compression policy", call)

    def drop_before(self, number: int) -> None:
        """Drop the chunks before the start of a chunk."""
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

    def _run_on_hypertable(self, title: str, statement: str) -> None:
        with self.stage.recorder.step(title):
            try:
                execute_raw(self.stage.connections.plain, statement)
            except DBAPIError as error:
                raise Disagreement(f"{title} fails: {_first_line(error)}") from error
        self.compare()

    # Prepared statements.

    def put_prepared(self, rows: Sequence[Row], times: int) -> None:
        """Execute a prepared INSERT ... ON CONFLICT DO NOTHING this many times."""
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
        """Execute a prepared ORDER BY time DESC LIMIT until PostgreSQL uses a generic plan."""
        plain, time = self.stage.connections.plain, self.subject.time_column.name
        column = self._twin.columns[time]
        with self.stage.recorder.step("prepared read"):
            expected = list(plain.scalars(select(column).order_by(column.desc()).limit(limit)))
            for number in range(1, EXECUTIONS + 1):
                found = self._latest.execute(plain, limit)
                if found != expected:
                    raise Disagreement(
                        f"prepared read: execution {number} finds {_formatted(found)},"
                        f" the twin has {_formatted(expected)}"
                    )

    # The comparison.

    def compare(self) -> None:
        """Check that both tables contain the same rows.

        Raises:
            Disagreement: they differ; names the first row that only one of them contains.
        """
        plain = self.stage.connections.plain
        found = execute_raw(plain, f"{self.subject.twins.difference}\nLIMIT 1").first()
        if found is not None:
            place, *values = tuple(found)
            raise Disagreement(f"a row is {place}: {_formatted(values)}")

    def finish(self) -> None:
        """Compare once more after decompressing all chunks, and after rebuilding the indexes."""
        if self.subject.is_compressed:
            self._run_on_hypertable(
                "decompress all",
                f"SELECT {self._function('decompress_chunk')}(c) FROM {self._chunks} AS c",
            )
        self._run_on_hypertable("rebuild the indexes", f"REINDEX TABLE {self._name}")

    @property
    def _chunks(self) -> str:
        """The SQL that lists the table's chunks."""
        return f"{self._function('show_chunks')}({literal_of(self._name)})"

    def _function(self, name: str) -> str:
        return function(self.stage.connections.plain, name)

    def _key_names(self) -> list[str]:
        return [self.subject.table.columns[key].name for key in self.subject.key]


def _given(row: Row) -> dict[str, Any]:
    """The row for a statement: None becomes NULL, also for JSON, where it could mean `null`."""
    return {key: null() if value is None else value for key, value in row.items()}


def _like(table: TableClause, row: Row, columns: Collection[str]) -> ColumnElement[bool]:
    # Sorted, since the order of a set would change the history.
    return and_(*(table.columns[key] == row[key] for key in sorted(columns)))


def _formatted(values: Sequence[Any]) -> str:
    return f"({', '.join(str(value) for value in values)})"


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]
