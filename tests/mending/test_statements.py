"""Which statements `conformance fix` writes: renames, and slow work that blocks nobody. Pure."""

from __future__ import annotations

import ast
import re
import textwrap

import pytest

from conformance.comparing.facts import EXISTS, Expression, IndexColumn, Query, TypeName
from conformance.intervals import Interval
from conformance.mending.plan import steps_between
from conformance.mending.revision import statements
from conformance.mending.scene import Ref

TABLE = {Ref("table", "t"): {EXISTS: True, "kind": "table"}}
HYPERTABLE = {**TABLE, Ref("hypertable", "t"): {EXISTS: True, "time_column": "a"}}
COLUMN = {
    Ref("column", "t", "a"): {EXISTS: True, "type": "integer", "nullable": True, "default": None}
}
A = (IndexColumn("a"),)
INDEX = {EXISTS: True, "columns": A, "unique": False}
KEY = {EXISTS: True, "columns": ("a",)}
CHECK = {EXISTS: True, "expression": "a > 0", "validated": True}
REFERENCE = {EXISTS: True, "columns": ("a",), "references": "u (id)", "validated": True}
TRIGGER = {
    EXISTS: True,
    "timing": "after",
    "events": ("insert",),
    "level": "row",
    "function": "f()",
}


def written(before, after, **options):
    steps, failed, _ = steps_between(before, after, **options)
    assert not failed
    return list(statements(steps))


@pytest.mark.parametrize(
    ("kind", "parts", "sql", "guarded"),
    [
        (
            "index",
            INDEX,
            "ALTER INDEX earlier RENAME TO later",
            "ALTER INDEX IF EXISTS earlier RENAME TO",
        ),
        ("check", CHECK, "ALTER TABLE t RENAME CONSTRAINT earlier TO later", "conname = 'earlier'"),
        ("unique", KEY, "ALTER TABLE t RENAME CONSTRAINT earlier TO later", "conname = 'earlier'"),
        (
            "foreign_key",
            REFERENCE,
            "ALTER TABLE t RENAME CONSTRAINT earlier TO later",
            "'t'::regclass",
        ),
        ("trigger", TRIGGER, "ALTER TRIGGER earlier ON t RENAME TO later", "tgname = 'earlier'"),
    ],
)
def test_another_name_alone_is_a_rename(kind, parts, sql, guarded):
    before = {**TABLE, **COLUMN, Ref(kind, "t", "earlier"): parts}
    after = {**TABLE, **COLUMN, Ref(kind, "t", "later"): parts}
    assert written(before, after) == [f'op.execute("{sql}")']
    (back,) = written(after, before)
    assert back.endswith('to old")'.upper().replace("OLD", "earlier"))
    (asking,) = written(before, after, guarded=True)
    assert guarded in asking


def test_an_index_goes_with_the_view_that_becomes_a_table():
    view = {
        Ref("materialized_view", "t"): {EXISTS: True, "definition": Query("view", "SELECT 1 AS a")}
    }
    before = {**view, Ref("index", "t", "earlier"): INDEX}
    after = {**TABLE, **COLUMN, Ref("index", "t", "later"): INDEX}
    lines = "\n".join(written(before, after))
    assert "RENAME" not in lines
    assert "CREATE INDEX later ON t (a)" in lines


def of_two_columns(table):
    return {
        Ref("table", table): {EXISTS: True, "kind": "table"},
        **{Ref("column", table, name): COLUMN[Ref("column", "t", "a")] for name in "ab"},
    }


def test_a_table_of_another_name_is_renamed():
    before, after = of_two_columns("old.t"), of_two_columns("s.u")
    assert written(before, after) == [
        'op.execute("CREATE SCHEMA IF NOT EXISTS s")',
        'op.execute("ALTER TABLE old.t SET SCHEMA s")',
        'op.execute("ALTER TABLE s.t RENAME TO u")',
    ]
    assert 'op.execute("ALTER TABLE IF EXISTS s.t RENAME TO u")' in written(
        before, after, guarded=True
    )


@pytest.mark.parametrize(
    ("old", "new", "sql"),
    [
        (
            ("acme.t", "globex.t"),
            ("acme.u", "globex.u", "initech.u"),
            ["ALTER TABLE acme.t RENAME TO u", "ALTER TABLE globex.t RENAME TO u"],
        ),
        (
            ("old.t", "old.u"),
            ("new.t", "new.u", "new.v"),
            ["CREATE SCHEMA IF NOT EXISTS new", "ALTER TABLE old.t SET SCHEMA new",
             "ALTER TABLE old.u SET SCHEMA new"],
        ),
    ],
    ids=["in the schema of each tenant", "into another schema"],
)  # fmt: skip
def test_tables_that_look_alike_are_told_apart_by_their_names(old, new, sql):
    before, after = (
        {ref: parts for table in tables for ref, parts in of_two_columns(table).items()}
        for tables in (old, new)
    )
    lines = written(before, after)
    assert lines[: len(sql)] == [f'op.execute("{statement}")' for statement in sql]
    assert not [line for line in lines if "DROP" in line]


def test_columns_that_differ_from_each_other_are_renamed_together():
    def of(*columns):
        table = {Ref("table", "t"): {EXISTS: True, "kind": "table"}}
        return table | {
            Ref("column", "t", name): {EXISTS: True, "type": TypeName(kind, kind), "nullable": True}
            for name, kind in columns
        }

    before = of(("a", "integer"), ("b", "text"))
    assert written(before, of(("d", "text"), ("c", "integer"))) == [
        'op.execute("ALTER TABLE t RENAME COLUMN a TO c")',
        'op.execute("ALTER TABLE t RENAME COLUMN b TO d")',
    ]
    lines = "\n".join(written(before, of(("c", "integer"), ("d", "text"), ("e", "date"))))
    assert "RENAME TO" not in lines
    assert lines.count("write RENAME COLUMN instead") == 2


def test_where_somebody_else_creates_tables_none_is_renamed():
    """As beside Alembic's autogenerate."""
    before = of_two_columns("t") | {Ref("trigger", "t", "earlier"): TRIGGER}
    after = of_two_columns("u") | {Ref("trigger", "u", "later"): TRIGGER}
    lines = "\n".join(written(before, after, kinds={"trigger"}))
    assert "CREATE TRIGGER later AFTER INSERT ON u" in lines
    assert "RENAME" not in lines


def test_which_of_two_tables_it_was_is_a_guess():
    before = of_two_columns("old.t") | of_two_columns("old.u")
    (first, second) = (
        line for line in written(before, of_two_columns("s")) if line.startswith("# Loses")
    )
    assert first == second
    assert first.endswith("If it is the later s, write SET SCHEMA or RENAME TO instead.")


def test_a_table_of_one_column_may_be_any_other():
    table = {EXISTS: True, "kind": "table"}
    parts = COLUMN[Ref("column", "t", "a")]
    before = {Ref("table", "old.t"): table, Ref("column", "old.t", "a"): parts}
    after = {
        Ref("table", "t"): table, Ref("column", "t", "a"): parts,
        Ref("table", "u"): table, Ref("column", "u", "b"): parts,
    }  # fmt: skip
    (note,) = (line for line in written(before, after) if line.startswith("# Loses"))
    assert note.endswith("If it is the later t, write SET SCHEMA or RENAME TO instead.")


@pytest.mark.parametrize(("new", "is_named"), [("abz", True), ("ade", False), ("abcdef", False)])
def test_a_table_with_most_of_the_columns_is_named(new, is_named):
    """It may have been renamed together with one of its columns."""

    def of(table, names):
        made = {Ref("table", table): {EXISTS: True, "kind": "table"}}
        kind = TypeName("integer", "integer")
        parts = {EXISTS: True, "type": kind, "nullable": True}
        return made | {Ref("column", table, name): parts for name in names}

    (note,) = (line for line in written(of("t", "abc"), of("u", new)) if line.startswith("# Loses"))
    assert note.endswith("write SET SCHEMA or RENAME TO instead.") == is_named


def test_a_dropped_column_does_not_get_a_new_type():
    def of(labels, *columns):
        kind = TypeName("mood", "mood")
        parts = {EXISTS: True, "type": kind, "nullable": True, "default": Expression("'a'", "'a'")}
        return {
            Ref("table", "t"): {EXISTS: True, "kind": "table"},
            Ref("type", "mood"): {EXISTS: True, "kind": "enum", "labels": tuple(labels)},
        } | {Ref("column", "t", name): parts for name in columns}

    lines = written(of("ab", "kept", "gone"), of("a", "kept"))
    (drop,) = (number for number, line in enumerate(lines) if "gone" in line)
    (changed,) = (number for number, line in enumerate(lines) if "USING kept::text::mood" in line)
    assert "DROP COLUMN gone" in lines[drop]
    assert drop < changed


def test_another_definition_is_no_rename():
    before = {**TABLE, Ref("check", "t", "earlier"): CHECK}
    after = {**TABLE, Ref("check", "t", "later"): {**CHECK, "expression": "a > 1"}}
    assert [line.split('"')[1] for line in written(before, after) if "op." in line] == [
        "ALTER TABLE t DROP CONSTRAINT earlier",
        "ALTER TABLE t ADD CONSTRAINT later CHECK (a > 1)",
    ]


def test_a_renamed_key_keeps_the_foreign_keys_that_refer_to_it():
    other = {Ref("foreign_key", "u", "fk"): {**REFERENCE, "references": "t (a)"}}
    before = {**TABLE, **other, Ref("unique", "t", "earlier"): KEY}
    after = {**TABLE, **other, Ref("unique", "t", "later"): KEY}
    assert written(before, after) == [
        'op.execute("ALTER TABLE t RENAME CONSTRAINT earlier TO later")'
    ]


def test_a_renamed_index_takes_its_parameters_along():
    parameters = {"fillfactor": "70"}
    before = {
        **TABLE,
        Ref("index", "t", "earlier"): INDEX,
        Ref("storage", "t", "earlier"): parameters,
    }
    after = {**TABLE, Ref("index", "t", "later"): INDEX, Ref("storage", "t", "later"): parameters}
    assert written(before, after) == ['op.execute("ALTER INDEX earlier RENAME TO later")']


OTHER_COLUMN = {Ref("column", "t", "b"): COLUMN[Ref("column", "t", "a")]}


def test_a_column_of_another_name_is_renamed():
    before, after = {**TABLE, **COLUMN}, {**TABLE, **OTHER_COLUMN}
    assert written(before, after) == ['op.execute("ALTER TABLE t RENAME COLUMN a TO b")']
    (asking,) = written(before, after, guarded=True)
    assert "attname = 'a'" in asking


@pytest.mark.parametrize(
    ("before", "after", "sql"),
    [
        ({Ref("index", "t", "i"): INDEX}, {}, "DROP INDEX i"),
        (
            {Ref("comment", "t", "a"): {EXISTS: True, "text": "x"}},
            {},
            "COMMENT ON COLUMN t.b IS NULL",
        ),
        (
            {},
            {Ref("view", "v"): {EXISTS: True, "definition": Query("view", "SELECT b FROM t")}},
            "CREATE OR REPLACE VIEW v AS\nSELECT b FROM t",
        ),
    ],
    ids=["an index", "a comment", "a view"],
)
def test_what_names_a_renamed_column_and_is_dropped_or_created(before, after, sql):
    lines = written({**TABLE, **COLUMN, **before}, {**TABLE, **OTHER_COLUMN, **after})
    program = ast.parse(textwrap.dedent("\n".join(lines)))
    called = [call for call in ast.walk(program) if isinstance(call, ast.Call)]
    assert [textwrap.dedent(call.args[0].value).strip() for call in called] == [
        "ALTER TABLE t RENAME COLUMN a TO b",
        sql,
    ]


def test_a_dropped_column_names_those_that_it_may_have_become():
    """What it was is a guess where it may be two."""
    third = {Ref("column", "t", "c"): COLUMN[Ref("column", "t", "a")]}
    lines = written({**TABLE, **COLUMN}, {**TABLE, **OTHER_COLUMN, **third})
    assert not [line for line in lines if "TABLE t RENAME" in line]
    (note,) = (line for line in lines if line.startswith("# Loses the values"))
    assert note == (
        "# Loses the values of the column. If it is the later b, write RENAME COLUMN instead. "
        "If it is the later c, write RENAME COLUMN instead."
    )


@pytest.mark.parametrize(
    ("objects", "lost"),
    [
        (TABLE, "# Loses the rows of the table."),
        ({Ref("materialized_view", "m"): {EXISTS: True}}, "# Loses the materialized rows."),
        ({Ref("continuous_aggregate", "c"): {EXISTS: True}}, "# Loses the materialized rows."),
    ],
)
def test_what_is_dropped_with_its_rows_says_so(objects, lost):
    note, dropped = written(objects, {})
    assert note == lost
    assert "DROP " in dropped


BLOCK = "with op.get_context().autocommit_block():"


@pytest.mark.parametrize(
    ("kind", "parts", "lines"),
    [
        ("index", INDEX, [BLOCK, "CREATE INDEX CONCURRENTLY later ON t (a)"]),
        (
            "check",
            CHECK,
            ["CHECK (a > 0) NOT VALID", BLOCK, "VALIDATE CONSTRAINT later"],
        ),
        (
            "foreign_key",
            REFERENCE,
            ["REFERENCES u (id) NOT VALID", BLOCK, "VALIDATE CONSTRAINT later"],
        ),
        (
            "unique",
            KEY,
            [
                BLOCK,
                "DROP INDEX CONCURRENTLY IF EXISTS later_mending",
                "CREATE UNIQUE INDEX CONCURRENTLY later_mending ON t (a)",
                "SET LOCAL lock_timeout = '5s'",
                "ADD CONSTRAINT later UNIQUE USING INDEX later_mending",
            ],
        ),
    ],
)  # fmt: skip
def test_a_table_with_rows_stays_usable(kind, parts, lines):
    before, after = {**TABLE, **COLUMN}, {**TABLE, **COLUMN, Ref(kind, "t", "later"): parts}
    text = "\n".join(written(before, after, online=True))
    places = [text.index(line) for line in lines]
    assert places == sorted(places)
    # The revision can run again after an interruption.
    assert "IF EXISTS later" in text
    # Where the engine has one session, and in the downgrade, in one transaction.
    assert BLOCK not in "\n".join(written(before, after))


def test_a_column_becomes_required_without_a_scan_under_its_lock():
    before = {**TABLE, **COLUMN}
    required = {**COLUMN[Ref("column", "t", "a")], "nullable": False}
    text = "\n".join(written(before, {**TABLE, Ref("column", "t", "a"): required}, online=True))
    lines = [
        "ADD CONSTRAINT t_a_mending CHECK (a IS NOT NULL) NOT VALID",
        BLOCK,
        "SET lock_timeout = '5s'",
        "VALIDATE CONSTRAINT t_a_mending",
        "ALTER COLUMN a SET NOT NULL",
        "DROP CONSTRAINT IF EXISTS t_a_mending",
        "RESET lock_timeout",
    ]
    places = [text.rindex(line) for line in lines]
    assert places == sorted(places)


def test_a_domain_that_has_its_conditions_does_not_get_them_twice():
    """A revision also runs on databases in which there is nothing to mend."""
    domain = {EXISTS: True, "type": "integer", "nullable": True, "default": None}
    before = {Ref("domain", "positive"): {**domain, "checks": ()}}
    after = {Ref("domain", "positive"): {**domain, "checks": ("VALUE > 0",)}}
    (alone,) = written(before, after)
    assert "ADD CHECK (VALUE > 0)" in alone
    dropped, added = written(before, after, guarded=True)
    assert "DROP CONSTRAINT %I" in dropped
    assert added == alone


def test_a_hypertable_has_no_index_concurrently():
    after = {**HYPERTABLE, Ref("index", "t", "later"): INDEX}
    text = "\n".join(written(HYPERTABLE, after, online=True))
    assert "CREATE INDEX later ON t (a) WITH (timescaledb.transaction_per_chunk)" in text
    unique = {**HYPERTABLE, Ref("index", "t", "later"): {**INDEX, "unique": True}}
    assert BLOCK not in "\n".join(written(HYPERTABLE, unique, online=True))


@pytest.mark.parametrize("compressed", [False, True])
def test_a_hypertable_validates_later_if_it_has_no_compression(compressed):
    settings = {Ref("compression", "t"): {EXISTS: True}} if compressed else {}
    before = {**HYPERTABLE, **COLUMN, **settings}
    for kind, parts in (("check", CHECK), ("foreign_key", REFERENCE)):
        lines = written(before, {**before, Ref(kind, "t", "later"): parts}, online=True)
        assert (BLOCK in "\n".join(lines)) is not compressed


def test_a_new_table_has_no_rows():
    after = {**TABLE, **COLUMN, Ref("check", "t", "later"): CHECK}
    assert BLOCK not in "\n".join(written({}, after, online=True))


def test_a_table_that_a_database_in_use_lacks():
    """What is dropped first, because it may be there, may lack its table, too."""
    policy = {EXISTS: True, "drop_after": 5, "count": 1}
    table = {**TABLE, **COLUMN, Ref("check", "t", "later"): CHECK}
    after = {**table, Ref("policy", "t", "retention"): policy}
    text = "\n".join(written({}, after, guarded=True))
    assert "ALTER TABLE IF EXISTS t DROP CONSTRAINT IF EXISTS later" in text
    assert "to_regclass('t')" in text
    assert "remove_retention_policy" not in text


@pytest.mark.parametrize(
    ("interval", "written_as"),
    [(10, "10"), (Interval(2 * 86_400_000_000, "2 days"), "INTERVAL '2 days'")],
)
def test_the_chunks_of_an_aggregate(interval, written_as):
    """WITH (timescaledb.chunk_interval) needs 2.20, and of '10' it would make ten seconds."""
    query = Query("", "SELECT time_bucket(5, a) AS b FROM t GROUP BY 1")
    aggregate = {EXISTS: True, "definition": query, "chunk_interval": interval}
    made, chunks = written({}, {Ref("continuous_aggregate", "c"): aggregate})[1:]
    assert "chunk_interval" not in made
    assert "set_chunk_time_interval" in chunks
    assert f"::regclass, {written_as})" in chunks


def test_chunks_are_compressed_again_one_at_a_time():
    settings = {EXISTS: True, "segment_by": ("a",), "order_by": ("b ASC NULLS LAST",)}
    key = Ref("compression", "t")
    before = {**HYPERTABLE, key: settings}
    after = {**HYPERTABLE, key: {**settings, "segment_by": ()}}
    text = "\n".join(written(before, after, online=True))
    lines = [BLOCK, "LOOP", "compress_chunk(decompress_chunk(found));", "COMMIT;", "END LOOP;"]
    places = [text.index(line) for line in lines]
    assert places == sorted(places)
    assert "SELECT compress_chunk(decompress_chunk(format(" in "\n".join(written(before, after))


def test_a_table_is_dropped_before_those_that_it_refers_to():
    names = ("a", "b", "c")
    before = {Ref("table", name): {EXISTS: True, "kind": "table"} for name in names}
    before |= {
        Ref("foreign_key", name, "fk"): {**REFERENCE, "references": f"{target} (id)"}
        for name, target in (("b", "a"), ("c", "b"))
    }
    dropped = [line.split('"')[1] for line in written(before, {}) if "op." in line]
    assert dropped == ["DROP TABLE c", "DROP TABLE b", "DROP TABLE a"]


@pytest.mark.parametrize("names", [("tops", "top", "third"), ("top", "tops", "third")])
def test_a_view_is_created_after_those_that_it_reads_from(names):
    """The view `tops` has a column `top`, which could be the view `top`; `third` needs both."""
    queries = {"tops": "SELECT 1 AS top", "top": "SELECT top FROM tops", "third": "FROM tops, top"}
    after = {
        Ref("view", name): {EXISTS: True, "definition": Query.written(queries[name])}
        for name in names
    }
    created = re.findall(r"VIEW (\w+) AS", " ".join(written({}, after)))
    assert created == ["tops", "top", "third"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("max_parallel_workers_per_gather", "off", "''0''"),
        ("jit", "on", "''1''"),
        ("app.debug", "off", "''off''"),
        ("timezone", "UTC", "''UTC''"),
    ],
)
def test_a_number_that_facts_call_off(name, value, words):
    (sql,) = written({}, {Ref("setting", name): {EXISTS: True, "value": value}})
    assert f"SET {name} TO {words}" in sql
