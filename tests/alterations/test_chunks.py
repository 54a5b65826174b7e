"""Chunks: none compressed by older settings, none altered on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .cases import Alteration, parametrize

if TYPE_CHECKING:
    from .cases import Database

ROWS = """
INSERT INTO curves (curve_date, curve_id, tenor_days, rate)
    SELECT '2020-01-01'::date + 100 * n, 'DI', n, n FROM generate_series(0, 9) n;
"""
QUOTE = """
INSERT INTO instruments (ticker, name, asset_class) VALUES ('X', 'x', 'fx');
INSERT INTO vol_surfaces (surface_date, instrument_id, delta, tenor_days, call_put, implied_vol)
    SELECT '2020-01-01', id, 0.5, 30, 'call', 10 FROM instruments;
"""
SETTINGS = "chunk:curves:other_compression_settings"
ALTERATIONS_OF_CHUNKS = "chunk:curves:alterations"


def _compression(order_by: str) -> str:
    return (
        "ALTER TABLE curves SET (timescaledb.compress, timescaledb.compress_segmentby = 'curve_id',"
        f" timescaledb.compress_orderby = '{order_by}');"
    )


DECLARED = _compression("curve_date DESC, tenor_days, id")
OTHERS = _compression("curve_date, tenor_days, id")
COMPRESS_ALL = "SELECT compress_chunk(c) FROM show_chunks('curves') c;"
#: In a subquery: a function that is sorted by would be called for all chunks.
FIRST = "(SELECT c FROM show_chunks('curves') c ORDER BY 1 LIMIT 1) AS first"
COMPRESS_ONE = f"SELECT compress_chunk(c) FROM {FIRST};"


def _on_a_chunk(statement: str, rows: str = ROWS) -> str:
    """A statement about the first chunk of curves, {}."""
    return (
        rows
        + "DO $$ BEGIN EXECUTE format($f$"
        + statement.format("%1$s")
        + "$f$, (SELECT c FROM show_chunks('curves') c ORDER BY 1 LIMIT 1)); END $$"
    )


def _on_compressed_rows(statement: str) -> str:
    """A statement about the table of the compressed rows of a chunk of curves, {}."""
    return (
        ROWS
        + COMPRESS_ALL
        + "DO $$ BEGIN EXECUTE format($f$"
        + statement.format("%1$s")
        # The second name is of 2.29 and later.
        + "$f$, (SELECT min(oid)::regclass FROM pg_class WHERE relkind = 'r'"
        " AND relname ~ '^compress.*_chunk$|_chunk_compressed$')); END $$"
    )


#: The plain statement is refused by most versions.
UNLOGGED = _on_a_chunk("UPDATE pg_class SET relpersistence = 'u' WHERE oid = '{}'::regclass")
FUNCTION = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
TRIGGER = "CREATE TRIGGER s BEFORE INSERT ON curves FOR EACH ROW EXECUTE FUNCTION swallow();"
#: The oldest one of the first chunk of curves that is not unique.
DROP_AN_INDEX = """
DO $$ BEGIN EXECUTE (
    SELECT 'DROP INDEX ' || indexrelid::regclass FROM pg_index
     WHERE indrelid = (SELECT c FROM show_chunks('curves') c ORDER BY 1 LIMIT 1) AND NOT indisunique
     ORDER BY indexrelid LIMIT 1); END $$
"""
REPLACE_COMPRESSED_INDEX = """
DO $$ DECLARE rows regclass := (SELECT min(oid)::regclass FROM pg_class WHERE relkind = 'r'
    AND relname ~ '^compress.*_chunk$|_chunk_compressed$');
BEGIN
    EXECUTE 'DROP INDEX ' || (SELECT indexrelid::regclass FROM pg_index WHERE indrelid = rows);
    EXECUTE 'CREATE INDEX ON ' || rows || ' {}';
END $$
"""
ON_COMPRESSED_HYPERTABLE = """
DO $$ BEGIN EXECUTE format('{}', (
    SELECT format('%%I.%%I', z.schema_name, z.table_name)
      FROM _timescaledb_catalog.hypertable h
      JOIN _timescaledb_catalog.hypertable z ON z.id = h.compressed_hypertable_id
     WHERE h.table_name = 'curves')); END $$
""".replace("%%", "%")
MADE = "CREATE INDEX made ON curves {}"
#: That of the first chunk.
DROP_MADE = """
DO $$ BEGIN EXECUTE (
    SELECT 'DROP INDEX ' || i.indexrelid::regclass FROM pg_index i
      JOIN pg_class x ON x.oid = i.indexrelid
     WHERE i.indrelid = (SELECT c FROM show_chunks('curves') c ORDER BY 1 LIMIT 1)
       AND x.relname ~ 'chunk_made$'); END $$;
"""

#: As their hypertable's automatic index, its natural key and each other.
SAME_INDEXES = """
CREATE INDEX same_time ON curves (curve_date DESC);
CREATE UNIQUE INDEX same_key ON curves (curve_id, curve_date, tenor_days);
CREATE INDEX same_one ON curves (rate) WHERE rate > 0;
CREATE INDEX same_two ON curves (rate) WHERE rate > 0;
CREATE INDEX same_not ON curves (rate) WHERE rate > 1;
"""
SAME = {f"index:curves.same_{name}:exists" for name in ("time", "key", "one", "two", "not")}

CASES = (
    Alteration("rows", ROWS),
    Alteration("indexes that are the same, before chunks", SAME_INDEXES + ROWS, SAME),
    Alteration("indexes that are the same, after chunks", ROWS + SAME_INDEXES, SAME),
    Alteration(
        "indexes that are the same, before and after chunks",
        "CREATE INDEX same_time ON curves (curve_date DESC);"
        + ROWS
        + "CREATE INDEX same_again ON curves (curve_date DESC);"
        "INSERT INTO curves (curve_date, curve_id, tenor_days, rate)"
        " VALUES ('2010-01-01', 'DI', 1, 1)",
        {"index:curves.same_time:exists", "index:curves.same_again:exists"},
    ),
    Alteration(
        "a chunk without any of two indexes that are the same",
        "CREATE INDEX same_time ON curves (curve_date DESC);"
        + ROWS
        + """DO $$ DECLARE one text; BEGIN
            FOR one IN SELECT indexrelid::regclass::text FROM pg_index
              WHERE indrelid = (SELECT c FROM show_chunks('curves') c ORDER BY 1 LIMIT 1)
                AND NOT indisunique AND pg_get_indexdef(indexrelid) LIKE '%(curve_date DESC)'
            LOOP EXECUTE 'DROP INDEX ' || one; END LOOP; END $$;""",
        {"index:curves.same_time:exists", ALTERATIONS_OF_CHUNKS},
    ),
    Alteration("compressed", ROWS + COMPRESS_ALL, community=True),
    Alteration(
        "compressed rows that the status denies",
        ROWS + COMPRESS_ALL + "UPDATE _timescaledb_catalog.chunk SET status = 0",
        {ALTERATIONS_OF_CHUNKS},
        community=True,
    ),
    Alteration(
        "compressed rows that are not there",
        ROWS + "UPDATE _timescaledb_catalog.chunk SET status = 1",
        {ALTERATIONS_OF_CHUNKS},
        since=(2, 19),
        community=True,
    ),
    Alteration(
        "compressed rows without their settings",
        ROWS
        + COMPRESS_ALL
        + "DELETE FROM _timescaledb_catalog.compression_settings"
        + " WHERE relid IN (SELECT show_chunks('curves'))",
        {ALTERATIONS_OF_CHUNKS},
        since=(2, 19),
        community=True,
    ),
    Alteration(
        "a child table",
        "CREATE SCHEMA elsewhere;" + _on_a_chunk("CREATE TABLE elsewhere.c () INHERITS ({})"),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "decompressed",
        ROWS + COMPRESS_ALL + "SELECT decompress_chunk(c) FROM show_chunks('curves') c",
        community=True,
    ),
    Alteration(
        "all with older settings",
        OTHERS + ROWS + COMPRESS_ALL + DECLARED,
        {SETTINGS},
        community=True,
    ),
    Alteration(
        "one with older settings",
        OTHERS + ROWS + COMPRESS_ONE + DECLARED,
        {SETTINGS},
        community=True,
    ),
    Alteration(
        "older settings healed",
        OTHERS
        + ROWS
        + COMPRESS_ONE
        + DECLARED
        + f"SELECT decompress_chunk(c) FROM {FIRST};"
        + COMPRESS_ALL,
        community=True,
    ),
    Alteration(
        "settings changed after compression",
        ROWS + COMPRESS_ALL + OTHERS,
        {"compression:curves:order_by"},
        community=True,
    ),
    Alteration(
        "trigger",
        FUNCTION
        + _on_a_chunk(
            "CREATE TRIGGER s BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION swallow()"
        ),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "trigger disabled",
        FUNCTION
        + ROWS
        + TRIGGER
        + _on_a_chunk(
            "UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = '{}'::regclass"
            " AND NOT tgisinternal",
            rows="",
        ),
        {ALTERATIONS_OF_CHUNKS, "trigger:curves.s:exists"},
    ),
    Alteration(
        "trigger of all",
        FUNCTION + ROWS + TRIGGER + ROWS.replace("2020", "2030"),
        {"trigger:curves.s:exists"},
    ),
    Alteration(
        "statement trigger, which chunks do not have",
        FUNCTION + ROWS + TRIGGER.replace("ROW", "STATEMENT"),
        {"trigger:curves.s:exists"},
    ),
    Alteration(
        "trigger dropped",
        FUNCTION + ROWS + TRIGGER + _on_a_chunk("DROP TRIGGER s ON {}", rows=""),
        {ALTERATIONS_OF_CHUNKS, "trigger:curves.s:exists"},
    ),
    Alteration(
        "another trigger of the same name",
        FUNCTION
        + ROWS
        + TRIGGER
        + _on_a_chunk(
            "CREATE OR REPLACE TRIGGER s BEFORE DELETE ON {} FOR EACH ROW EXECUTE FUNCTION"
            " swallow()",
            rows="",
        ),
        {ALTERATIONS_OF_CHUNKS, "trigger:curves.s:exists"},
    ),
    *(
        Alteration(
            f"a trigger {name}",
            FUNCTION
            + TRIGGER.replace("INSERT", f"UPDATE{before}").replace("ROW", f"ROW{condition}")
            + _on_a_chunk(
                f"CREATE OR REPLACE TRIGGER s BEFORE UPDATE{of} ON {{}} FOR EACH ROW{when}"
                " EXECUTE FUNCTION swallow()"
            ),
            {"trigger:curves.s:exists", *findings},
        )
        for name, before, condition, of, when, findings in (
            ("of some rows", "", "", "", " WHEN (OLD.rate > 5)", {ALTERATIONS_OF_CHUNKS}),
            (
                "of other rows",
                "",
                " WHEN (OLD.rate > 5)",
                "",
                " WHEN (OLD.rate > 6)",
                {ALTERATIONS_OF_CHUNKS},
            ),
            ("of all rows", "", " WHEN (OLD.rate > 5)", "", "", {ALTERATIONS_OF_CHUNKS}),
            ("of another column", " OF rate", "", " OF source", "", {ALTERATIONS_OF_CHUNKS}),
            (
                "of the same rows",
                " OF rate",
                " WHEN (OLD.rate > 5)",
                " OF rate",
                " WHEN (OLD.rate > 5)",
                set(),
            ),
        )
    ),
    Alteration(
        "a trigger of some rows of all",
        FUNCTION + ROWS + "CREATE TRIGGER s BEFORE UPDATE OF rate, source ON curves FOR EACH ROW"
        " WHEN (OLD.rate > 5 AND NEW.source IN ('a', 'b')) EXECUTE FUNCTION swallow();"
        + ROWS.replace("2020", "2030"),
        {"trigger:curves.s:exists"},
    ),
    Alteration("unlogged", UNLOGGED, {ALTERATIONS_OF_CHUNKS}),
    Alteration(
        "frozen",
        ROWS + "UPDATE _timescaledb_catalog.chunk SET status = status | 4 WHERE id ="
        " (SELECT min(id) FROM _timescaledb_catalog.chunk)",
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "detached",
        _on_a_chunk("CALL detach_chunk('{}')"),
        {ALTERATIONS_OF_CHUNKS},
        since=(2, 21),
    ),
    Alteration("dropped", _on_a_chunk("DROP TABLE {}")),
    # Before, the information views fail.
    Alteration(
        "dropped behind the back of TimescaleDB",
        _on_a_chunk(
            "ALTER EVENT TRIGGER timescaledb_ddl_sql_drop DISABLE; DROP TABLE {};"
            "ALTER EVENT TRIGGER timescaledb_ddl_sql_drop ENABLE"
        ),
        {ALTERATIONS_OF_CHUNKS},
        since=(2, 29),
    ),
    Alteration(
        "not vacuumed",
        _on_a_chunk("ALTER TABLE {} SET (autovacuum_enabled = false)"),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "long values not vacuumed",
        _on_a_chunk("ALTER TABLE {} SET (toast.autovacuum_enabled = off)"),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "long values not vacuumed, as those of the hypertable",
        _on_a_chunk(
            "ALTER TABLE curves SET (toast.autovacuum_enabled = off);"
            "ALTER TABLE {} SET (toast.autovacuum_enabled = off)"
        ),
        {"storage:curves:toast.autovacuum_enabled"},
    ),
    Alteration(
        "access method",
        "CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler;"
        + _on_a_chunk("ALTER TABLE {} SET ACCESS METHOD heap_too"),
        {ALTERATIONS_OF_CHUNKS},
        since=(2, 18),
    ),
    Alteration(
        "workers", _on_a_chunk("ALTER TABLE {} SET (parallel_workers = 0)"), {ALTERATIONS_OF_CHUNKS}
    ),
    Alteration("privileges", _on_a_chunk("GRANT INSERT ON {} TO PUBLIC"), {ALTERATIONS_OF_CHUNKS}),
    Alteration("privileges of a role", _on_a_chunk("GRANT SELECT ON {} TO pg_monitor")),
    Alteration(
        "not vacuumed, as its hypertable",
        ROWS + "ALTER TABLE curves SET (autovacuum_enabled = false)",
        {"storage:curves:autovacuum_enabled"},
    ),
    Alteration(
        "privileges as its hypertable",
        ROWS + "GRANT SELECT ON curves TO PUBLIC",
        {"privilege:curves.PUBLIC:exists"},
    ),
    Alteration(
        "row security",
        _on_a_chunk("UPDATE pg_class SET relrowsecurity = true WHERE oid = '{}'::regclass"),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "policy",
        _on_a_chunk("CREATE POLICY mine ON {} USING (false)"),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "row security of the hypertable",
        ROWS + "UPDATE pg_class SET relrowsecurity = true, relforcerowsecurity = true"
        " WHERE relname = 'curves'",
        {"table:curves:row_security"},
        community=True,
    ),
    Alteration(
        "no longer found",
        ROWS + "DELETE FROM _timescaledb_catalog.chunk_constraint WHERE dimension_slice_id IS NOT"
        " NULL AND chunk_id = (SELECT min(id) FROM _timescaledb_catalog.chunk)",
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "index of the compressed rows",
        _on_compressed_rows("CREATE INDEX ON {} (curve_id)"),
        {ALTERATIONS_OF_CHUNKS},
        community=True,
    ),
    Alteration(
        "compressed rows not vacuumed",
        _on_compressed_rows("ALTER TABLE {} SET (autovacuum_enabled = false)"),
        {ALTERATIONS_OF_CHUNKS},
        community=True,
    ),
    Alteration(
        "row security of the compressed rows",
        _on_compressed_rows("ALTER TABLE {} ENABLE ROW LEVEL SECURITY"),
        {ALTERATIONS_OF_CHUNKS},
        community=True,
    ),
    Alteration(
        "index of the compressed rows replaced",
        ROWS + COMPRESS_ALL + REPLACE_COMPRESSED_INDEX.format("(_ts_meta_count)"),
        {ALTERATIONS_OF_CHUNKS},
        community=True,
    ),
    Alteration(
        "index of fewer compressed rows",
        ROWS
        + COMPRESS_ALL
        + REPLACE_COMPRESSED_INDEX.format("(curve_id, _ts_meta_count) WHERE _ts_meta_count > 5"),
        {ALTERATIONS_OF_CHUNKS},
        community=True,
    ),
    *(
        Alteration(
            f"{name} of the hypertable of compressed rows",
            before + ROWS + ON_COMPRESSED_HYPERTABLE.format(statement),
            {ALTERATIONS_OF_CHUNKS},
            community=True,
            before=(2, 29),
        )
        for name, before, statement in (
            (
                "trigger",
                FUNCTION,
                "CREATE TRIGGER s BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION swallow()",
            ),
            ("vacuum", "", "ALTER TABLE %s SET (autovacuum_enabled = off)"),
            ("privileges", "", "GRANT SELECT ON %s TO PUBLIC"),
        )
    ),
    Alteration(
        "privileges and parameters of the hypertable of compressed rows, as of its hypertable",
        ROWS + COMPRESS_ALL + "GRANT SELECT ON curves TO PUBLIC;"
        "ALTER TABLE curves SET (autovacuum_enabled = off)",
        {"privilege:curves.PUBLIC:exists", "storage:curves:autovacuum_enabled"},
        community=True,
    ),
    Alteration(
        "referred to from another schema",
        "CREATE SCHEMA elsewhere;"
        + _on_a_chunk(
            "CREATE TABLE elsewhere.notes (id bigint, day date,"
            " FOREIGN KEY (id, day) REFERENCES {} (id, curve_date))"
        ),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "referred to from another schema, as its hypertable",
        "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.notes (id bigint, day date,"
        " FOREIGN KEY (id, day) REFERENCES curves (id, curve_date));" + ROWS,
        {"table:curves:referred_to_by"},
    ),
    Alteration(
        "unique constraint dropped",
        _on_a_chunk("DELETE FROM pg_constraint WHERE conrelid = '{}'::regclass AND contype = 'u'"),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "check dropped",
        _on_a_chunk(
            "DELETE FROM pg_constraint WHERE conrelid = '{}'::regclass"
            " AND conname = 'ck_curves_tenor_days'"
        ),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "index invalid",
        _on_a_chunk("UPDATE pg_index SET indisvalid = false WHERE indrelid = '{}'::regclass"),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "index dropped",
        ROWS + DROP_AN_INDEX,
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "index on a chunk only",
        _on_a_chunk("CREATE UNIQUE INDEX only_here ON {} (id)"),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "index on a compressed chunk only",
        ROWS + COMPRESS_ALL + _on_a_chunk("CREATE INDEX only_here ON {} (rate)", rows=""),
        {ALTERATIONS_OF_CHUNKS},
        community=True,
    ),
    Alteration(
        "index added to all",
        ROWS + COMPRESS_ONE + "CREATE INDEX ix_curves_rate ON curves (rate)",
        {"index:curves.ix_curves_rate:exists"},
        community=True,
    ),
    Alteration(
        "foreign key dropped",
        QUOTE + "DELETE FROM pg_constraint"
        " WHERE conrelid = (SELECT show_chunks('vol_surfaces')) AND contype = 'f'",
        {"chunk:vol_surfaces:alterations"},
    ),
    Alteration(
        "foreign key with another action",
        QUOTE + "UPDATE pg_constraint SET confdeltype = 'c'"
        " WHERE conrelid = (SELECT show_chunks('vol_surfaces')) AND contype = 'f'",
        {"chunk:vol_surfaces:alterations"},
    ),
    Alteration(
        "check added",
        _on_a_chunk("ALTER TABLE {} ADD CONSTRAINT small CHECK (rate < 1000)"),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "unique key of other columns",
        _on_a_chunk(
            "UPDATE pg_index SET indkey = (SELECT indkey FROM pg_index WHERE indrelid = '{0}'"
            "::regclass AND indisprimary) WHERE indrelid = '{0}'::regclass"
            " AND indisunique AND NOT indisprimary"
        ),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "index of another column",
        _on_a_chunk("CREATE INDEX ON {} (rate)") + ";" + DROP_AN_INDEX,
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "index in another order",
        _on_a_chunk(
            "UPDATE pg_index SET indoption = '0' WHERE indrelid = '{}'::regclass"
            " AND NOT indisunique"
        ),
        {ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "index of fewer rows",
        _on_a_chunk("CREATE INDEX ON {} (curve_date DESC) WHERE rate > 5") + ";" + DROP_AN_INDEX,
        {ALTERATIONS_OF_CHUNKS},
    ),
    *(
        Alteration(
            name,
            f"{MADE.format(wanted)};"
            + ROWS
            + DROP_MADE
            + _on_a_chunk(f"CREATE INDEX ON {{}} {there}", rows=""),
            {"index:curves.made:exists", *findings},
        )
        for name, wanted, there, findings in (
            (
                "index of rows of another number",
                "(curve_id) WHERE rate > 5",
                "(curve_id) WHERE rate > 500",
                {ALTERATIONS_OF_CHUNKS},
            ),
            (
                "index of the other rows",
                "(curve_id) WHERE rate > 5",
                "(curve_id) WHERE rate <= 5",
                {ALTERATIONS_OF_CHUNKS},
            ),
            (
                "index of another function",
                "(lower(curve_id))",
                "(upper(curve_id))",
                {ALTERATIONS_OF_CHUNKS},
            ),
            (
                "index of another sum",
                "((tenor_days + 1)) WHERE rate > 5",
                "((tenor_days + 2)) WHERE rate > 5",
                {ALTERATIONS_OF_CHUNKS},
            ),
            (
                "index of another operator class",
                "(curve_id)",
                "(curve_id text_pattern_ops)",
                {ALTERATIONS_OF_CHUNKS},
            ),
            (
                "index with NULLs at another end",
                "(source)",
                "(source NULLS FIRST)",
                {ALTERATIONS_OF_CHUNKS},
            ),
            (
                "index of the same made anew",
                "(lower(curve_id)) WHERE rate > 5 AND source = 'a'",
                "(lower(curve_id)) WHERE rate > 5 AND source = 'a'",
                set(),
            ),
            (
                "index of the same made anew in other words",
                "((tenor_days + 1)) WHERE source = 'a' || 'b' AND rate > 5",
                "((tenor_days + 1)) WHERE source = 'ab' AND 5 < rate",
                set(),
            ),
        )
    ),
    Alteration(
        "index that was unique",
        MADE.format("(source, curve_date)").replace("INDEX", "UNIQUE INDEX")
        + ";"
        + ROWS
        + DROP_MADE
        + _on_a_chunk("CREATE INDEX ON {} (source, curve_date)", rows=""),
        {"index:curves.made:exists", ALTERATIONS_OF_CHUNKS},
        since=(2, 20),
    ),
    Alteration(
        "one index of two of the same columns",
        MADE.format("(curve_id) WHERE rate > 5") + "; CREATE INDEX few ON curves (curve_id)"
        " WHERE rate < 5;"
        + ROWS
        + DROP_MADE
        + _on_a_chunk("CREATE INDEX ON {} (curve_id) WHERE rate < 5", rows=""),
        {"index:curves.made:exists", "index:curves.few:exists", ALTERATIONS_OF_CHUNKS},
    ),
    Alteration(
        "predicates whose terms chunks have factored out",
        "CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * $1';"
        "CREATE INDEX few ON curves (twice(tenor_days)) WHERE NOT rate > twice(4);"
        "CREATE INDEX either ON curves (curve_id) WHERE rate > 1000 AND tenor_days = 3"
        " OR rate > 1000 AND lower('A') = source;" + ROWS,
        {"index:curves.few:exists", "index:curves.either:exists"},
    ),
    Alteration(
        "expressions whose constants chunks have worked out",
        "CREATE INDEX few ON curves (curve_id)"
        " WHERE rate > 1000 AND (source IN ('a', 'b c')) = true;"
        "CREATE INDEX long ON curves (lower(curve_id || 'A' || upper('b')));" + ROWS,
        {"index:curves.few:exists", "index:curves.long:exists"},
    ),
    Alteration(
        "chunks from before and after a column was dropped",
        ROWS + "ALTER TABLE curves DROP COLUMN source; ALTER TABLE curves ADD COLUMN source text;"
        "INSERT INTO curves (curve_date, curve_id, tenor_days, rate)"
        " VALUES ('2030-01-01', 'DI', 1, 1)",
    ),
    Alteration(
        "foreign key's triggers disabled",
        QUOTE + "UPDATE pg_trigger SET tgenabled = 'D'"
        " WHERE tgrelid = (SELECT show_chunks('vol_surfaces')) AND tgconstraint <> 0",
        {"chunk:vol_surfaces:alterations"},
    ),
)


@parametrize(CASES)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


def test_a_chunk_with_the_trigger_that_refuses_rows_of_the_root_table(database):
    if not database.value("SELECT count(*) FROM pg_proc WHERE proname = 'insert_blocker'"):
        pytest.skip("2.23 has dropped the trigger")
    database.execute(
        _on_a_chunk(
            "CREATE TRIGGER ts_insert_blocker BEFORE INSERT ON {} FOR EACH ROW"
            " EXECUTE FUNCTION _timescaledb_functions.insert_blocker()"
        )
    )
    (finding,) = database.compare().findings.values()
    assert finding.id == ALTERATIONS_OF_CHUNKS
    assert "chunk has trigger ts_insert_blocker, and refuses new rows" in finding.message


def test_chunks_are_named_and_counted(database):
    database.execute(UNLOGGED)
    (finding,) = database.compare().findings.values()
    (chunk,) = finding.observed
    assert chunk.startswith("_hyper_")
    assert chunk.endswith("is not logged as its hypertable is")


def test_what_a_chunk_has_and_lacks_is_named(database):
    database.execute(_on_a_chunk("CREATE INDEX only_here ON {} (rate)") + ";" + DROP_AN_INDEX)
    (finding,) = database.compare().findings.values()
    added, lacking = finding.observed
    assert added.endswith("adds index only_here")
    assert lacking.endswith("lacks index curves_curve_date_idx")


def test_many_chunks_are_not_all_named(database):
    database.execute(
        ROWS + "UPDATE pg_class SET relpersistence = 'u'"
        " WHERE oid IN (SELECT show_chunks('curves'))"
    )
    (finding,) = database.compare().findings.values()
    assert len(finding.observed) == 6
    assert finding.observed[-1].startswith("and ")


def _with_sparse(indexes: str) -> str:
    return DECLARED.replace(
        "id');", f"id', timescaledb.compress_index = '{indexes}');"
    )  # fmt: skip


RATE, LABEL = _with_sparse('minmax("rate")'), _with_sparse('bloom("tenor_label")')
AGAIN = "SELECT decompress_chunk(c) FROM show_chunks('curves') c;" + COMPRESS_ALL
COMPRESS_REST = f"SELECT compress_chunk(c) FROM {FIRST.replace('LIMIT', 'OFFSET')};"
LABELLED = "CREATE INDEX ON curves (tenor_label);"


@pytest.mark.usefixtures("community_edition")
@pytest.mark.parametrize(
    ("sql", "chunks"),
    [
        pytest.param(ROWS + COMPRESS_ALL + RATE, 10, id="compressed before"),
        pytest.param(ROWS + COMPRESS_ONE + RATE + COMPRESS_REST, 1, id="one compressed before"),
        pytest.param(LABEL + ROWS + COMPRESS_ALL + RATE, 10, id="set to others before"),
        pytest.param(RATE + ROWS + COMPRESS_ALL + _with_sparse(""), 10, id="none any more"),
        pytest.param(RATE + ROWS + COMPRESS_ALL, 0, id="as set"),
        pytest.param(ROWS + COMPRESS_ALL + RATE + AGAIN, 0, id="compressed again"),
        pytest.param(LABELLED + ROWS + COMPRESS_ALL, 0, id="chosen"),
    ],
)
def test_chunks_with_other_sparse_indexes(database, sql, chunks):
    """They change how many batches a query reads: they are named, and not judged."""
    seen = _other_sparse(database, Alteration("sparse indexes", sql, since=(2, 22)))
    if not chunks:
        assert seen == []
        return
    (reason,) = seen
    assert reason.startswith(f"other sparse indexes are those of {chunks} chunk")
    assert "_hyper_" in reason


@pytest.mark.usefixtures("community_edition")
@pytest.mark.parametrize(
    ("since", "before", "chunks"),
    # From 2.26 on composite ones are chosen for the keys as well, which are not set here.
    [((2, 22), (2, 26), 0), ((2, 26), (99,), 10)],
)
def test_sparse_indexes_that_are_set_as_they_were_chosen(database, since, before, chunks):
    sql = LABELLED + ROWS + COMPRESS_ALL + LABEL
    seen = _other_sparse(database, Alteration("chosen", sql, since=since, before=before))
    assert [reason.partition(" chunk")[0] for reason in seen] == (
        [f"other sparse indexes are those of {chunks}"] if chunks else []
    )


def _other_sparse(database: Database, case: Alteration) -> list[str]:
    """What is said of the sparse indexes of chunks."""
    database.alter(case)
    found = database.compare()
    assert not any(finding.kind == "chunk" for finding in found.findings.values())
    return [item.reason for item in found.seen if item.kind == "chunk"]
