"""A comparison costs a fixed number of SQL statements, whatever the number of tables."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table, event

from conformance.observed import spelling


def _statements(database, metadata: MetaData) -> int:
    seen: list[str] = []

    def count(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    event.listen(database.connection, "before_cursor_execute", count)
    compared = database.compare(metadata)
    event.remove(database.connection, "before_cursor_execute", count)
    assert compared.conforming
    return len(seen)


def test_as_many_for_one_table_as_for_all(database):
    one = MetaData()
    database.metadata.tables["instruments"].to_metadata(one)
    assert _statements(database, one) == _statements(database, database.metadata)


def test_as_many_for_a_hundred_tables(bare_database):
    few, many = MetaData(), MetaData()
    for number in range(100):
        for metadata in (few, many)[number > 0 :]:
            Table(f"t{number}", metadata, Column("id", Integer, primary_key=True))
    many.create_all(bare_database.connection)
    assert _statements(bare_database, few) == _statements(bare_database, many)
    bare_database.expect((), many)


def test_as_many_for_more_expressions_than_a_row_has_room_for(database, monkeypatch):
    usual = _statements(database, database.metadata)
    monkeypatch.setattr(spelling, "_MOST_EXPRESSIONS", 2)
    assert _statements(database, database.metadata) == usual
    database.expect(())
