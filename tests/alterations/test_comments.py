"""Comments that the models declare: a difference is a warning. Others beside them are named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from conformance.declarations import MaterializedView, View

from .cases import Alteration, parametrize
from .mending import prove

MAKE = """
CREATE TABLE sites (id int PRIMARY KEY, "Depth" int, "Size" int);
CREATE VIEW deep AS SELECT id FROM sites;
CREATE MATERIALIZED VIEW wide AS SELECT id FROM sites;
COMMENT ON TABLE sites IS 'where ''meters'' are';
COMMENT ON COLUMN sites."Depth" IS 'in metres';
COMMENT ON VIEW deep IS 'the deep ones';
COMMENT ON MATERIALIZED VIEW wide IS 'the wide ones';
"""


def models() -> MetaData:
    metadata = MetaData()
    Table("sites", metadata, Column("id", Integer, primary_key=True, autoincrement=False),
          Column("Depth", Integer, comment="in metres"), Column("Size", Integer, comment=""),
          comment="where 'meters' are")  # fmt: skip
    Table("deep", metadata, Column("id", Integer), View("SELECT id FROM sites"),
          comment="the deep ones")  # fmt: skip
    Table("wide", metadata, Column("id", Integer), MaterializedView("SELECT id FROM sites"),
          comment="the wide ones")  # fmt: skip
    return metadata


ALTERATIONS = (
    Alteration("of a table dropped", "COMMENT ON TABLE sites IS NULL", {"comment:sites:exists"}),
    Alteration("of a table changed", "COMMENT ON TABLE sites IS 'x'", {"comment:sites:text"}),
    Alteration("of a column dropped", 'COMMENT ON COLUMN sites."Depth" IS NULL',
               {"comment:sites.Depth:exists"}),
    Alteration("of a column changed", 'COMMENT ON COLUMN sites."Depth" IS \'in feet\'',
               {"comment:sites.Depth:text"}),
    Alteration("of views", "COMMENT ON VIEW deep IS 'x'; COMMENT ON MATERIALIZED VIEW wide IS NULL",
               {"comment:deep:text", "comment:wide:exists"}),
)  # fmt: skip

HARMLESS = (
    Alteration("as declared", "SELECT 1"),
    Alteration("of what is no relation", "COMMENT ON CONSTRAINT sites_pkey ON sites IS 'x'"),
    Alteration("said again", "COMMENT ON VIEW deep IS NULL; COMMENT ON VIEW deep IS"
               " 'the deep ones'"),
)  # fmt: skip


@parametrize(ALTERATIONS)
def test_alteration(made, case):
    made.alter(case)
    made.expect(case.findings)
    assert not any(finding.fails for finding in made.compare().findings.values())
    outcome = prove(made)
    assert (set(outcome.plan.mended), outcome.changed) == (case.findings, [])


@parametrize(HARMLESS)
def test_harmless(made, case):
    made.alter(case)
    made.expect(())
    assert not made.compare().seen


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("COMMENT ON COLUMN sites.id IS 'in  feet'", [("sites.id", "in feet")]),
        ('COMMENT ON COLUMN sites."Size" IS \'x\'; COMMENT ON COLUMN deep.id IS \'y\'',
         [("deep.id", "y"), ("sites.Size", "x")]),
        (f"COMMENT ON COLUMN sites.id IS '{'long ' * 999}'",
         [("sites.id", "long " * 10 + "long...")]),
        ("COMMENT ON COLUMN sites.id IS 'x'; COMMENT ON COLUMN sites.id IS NULL", []),
    ],
)  # fmt: skip
def test_a_comment_beside_declared_ones_is_named(made, sql, named):
    before = made.compare().accounted
    made.execute(sql)
    compared = made.compare()
    assert not compared.findings
    assert compared.accounted == before
    assert [(entry.kind, entry.object, entry.reason) for entry in compared.seen] == [
        ("comment", name, f"'{said.strip()}', which no model declares") for name, said in named
    ]


def test_a_table_that_is_missing_is_one_finding(made):
    made.execute("DROP TABLE sites CASCADE")
    found = {finding.id for finding in made.compare().findings.values()}
    assert not any(name.startswith("comment:") for name in found)


@pytest.mark.parametrize("sql", ["COMMENT ON TABLE curves IS 'x'"])
def test_a_comment_of_a_table_without_declared_ones_is_counted_nowhere(database, sql):
    before = database.compare()
    database.execute(sql)
    assert replace(database.compare(), sides=({}, {})) == replace(before, sides=({}, {}))
