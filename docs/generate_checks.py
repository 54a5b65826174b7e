"""Write conformance/pages/checks.md: every kind of fact, and every test of the suite.

    python docs/generate_checks.py

Kinds, attributes and examples come from the expected facts of a small schema that has one of
everything; where they are read and their likely causes from the messages; the rest from
docstrings.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sqlalchemy import (  # noqa: E402 - after the project's folder is on the path
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import DOMAIN, ExcludeConstraint  # noqa: E402

from conformance.comparing import messages  # noqa: E402
from conformance.comparing.facts import EXISTS, KINDS, FactKey, Facts, show  # noqa: E402
from conformance.comparing.seen import is_seen  # noqa: E402
from conformance.declarations import (  # noqa: E402
    ChunkSkipping,
    ColumnStorage,
    Compression,
    ContinuousAggregate,
    DefaultGrant,
    Extension,
    Function,
    Grant,
    Hypertable,
    Job,
    MaterializedView,
    Procedure,
    Refresh,
    Reorder,
    Retention,
    RowSecurity,
    RowSecurityPolicy,
    Rule,
    Setting,
    Storage,
    Trigger,
    View,
)
from conformance.expected import expected_facts  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOGUE = ROOT / "conformance" / "pages" / "checks.md"
SUITE = ROOT / "conformance" / "suite"

#: The modules of each kind, in `expected` and in `observed`; the first may be missing.
MODULES = {
    "extension": "extension",
    "setting": "settings",
    "domain": "domains",
    "sequence": "sequences",
    "function": "functions",
    "procedure": "functions",
    "type": "types",
    "table": "tables",
    "column": "columns",
    "primary_key": "constraints",
    "unique": "constraints",
    "foreign_key": "constraints",
    "check": "constraints",
    "exclusion": "constraints",
    "hypertable": "hypertables",
    "view": "views",
    "materialized_view": "views",
    "continuous_aggregate": "aggregates",
    "index": "indexes",
    "compression": "compression",
    "policy": "policies",
    "job": "jobs",
    "chunk": "chunks",
    "chunk_skipping": "skipping",
    "trigger": "triggers",
    "storage": "storage",
    "comment": "comments",
    "privilege": "privileges",
    "default_privilege": "privileges",
    "rule": "rules",
    "row_security_policy": "rules",
}

HEAD = """\
# All checks

`python docs/generate_checks.py` writes this page from the code; do not edit it. A test fails while
the page is stale.

The suite has one test for each fact that the models promise, `test_fact[<id>]`. It has one test
for each kind, `test_nothing_undeclared[undeclared:<kind>]`, which fails if the database has an
undeclared object. The examples below come from a small schema that has one of everything. [How it
works](../../docs/architecture.md) explains facts and ids.

"""


def one_of_everything() -> MetaData:
    """A schema in which every kind and every attribute occurs."""
    metadata = MetaData()
    Sequence("numbers", metadata=metadata)
    for item in (
        Extension("pg_trgm", minimum="1.6"),
        Setting("TimeZone", "UTC"),
        Grant("select", to="reader", on="trades"),
        DefaultGrant("select", to="reader", by="desk", schema="public"),
        Function(
            "last_price(text)",
            body="SELECT 1.0",
            language="sql",
            returns="float8",
            volatility="stable",
            strict=False,
            security="invoker",
            settings=(),
        ),
        Procedure(
            "tidy()",
            body="BEGIN END",
            language="plpgsql",
            security="invoker",
            settings=(),
        ),
    ):
        item.require(metadata)
    Table(
        "venues",
        metadata,
        Column("id", Integer, Identity(always=True), primary_key=True),
        comment="where trades are made",
    )
    Table(
        "trades",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("traded_at", DateTime(timezone=True), primary_key=True),
        Column("symbol", Text(collation="C"), nullable=False),
        Column("venue_id", Integer, ForeignKey("venues.id", name="fk_trades_venue")),
        Column("side", Enum("buy", "sell", name="side")),
        Column("price", Double, server_default="0"),
        Column("quality", DOMAIN("quality", Integer, check="VALUE > 0")),
        Column("double_price", Double, Computed("price * 2", persisted=True)),
        Column("seen_at", DateTime(timezone=True), server_default=func.now()),
        UniqueConstraint("symbol", "traded_at", name="uq_trades_natural_key"),
        CheckConstraint("price >= 0", name="ck_trades_price"),
        ExcludeConstraint(("traded_at", "="), ("symbol", "="), name="ex_trades", using="btree"),
        Index("ix_trades_venue", "venue_id", postgresql_where="price > 0"),
        Hypertable("traded_at", chunk_interval="1 month"),
        Storage(
            {"fillfactor": 90, "autovacuum_enabled": False, "parallel_workers": 2},
            columns={"id": ColumnStorage(options={"sequence": "unlogged"})},
        ),
        Trigger(
            "keep", timing="before", events="delete", function="keep()", condition="OLD.id > 0"
        ),
        Rule("quiet", definition="CREATE RULE quiet AS ON UPDATE TO trades DO INSTEAD NOTHING"),
        RowSecurity(),
        RowSecurityPolicy("own", command="select", using="venue_id = 7", roles=("reader",)),
        Compression(
            segment_by="symbol",
            order_by="traded_at DESC, id",
            after="30 days",
            sparse_indexes="bloom(side), minmax(price)",
        ),
        Retention(drop_after="2 years"),
        Reorder("pk_trades"),
        ChunkSkipping("venue_id"),
    )
    Table(
        "blocks",
        metadata,
        Column("height", BigInteger, primary_key=True),
        Hypertable("height", chunk_interval=1000, integer_now="latest_height"),
    )
    Table(
        "orders",
        metadata,
        Column("day", Date, primary_key=True),
        postgresql_partition_by="RANGE (day)",
    )
    Job("tidy", schedule_interval="1 hour", config={"keep": 3}).require(metadata)
    ContinuousAggregate(
        "SELECT time_bucket('1 day', traded_at) AS day, max(price) AS high FROM trades GROUP BY 1",
        Refresh(start_offset="3 days", end_offset="1 hour", schedule_interval="1 hour"),
        name="daily_highs",
        chunk_interval="1 year",
    ).require(metadata)
    # Through a class, so that its columns are promised too.
    Table(
        "latest_trades",
        metadata,
        Column("symbol", Text, primary_key=True),
        View("SELECT symbol, max(traded_at) FROM trades GROUP BY symbol", security_barrier=True),
    )
    Table(
        "symbols",
        metadata,
        Column("symbol", Text, primary_key=True),
        MaterializedView("SELECT DISTINCT symbol FROM trades"),
    )
    return metadata


def attributes_of(facts: Facts) -> dict[str, dict[str, FactKey]]:
    """Kind -> attribute -> an example, by preference one whose value says something."""
    found: dict[str, dict[str, FactKey]] = {kind: {} for kind in KINDS}
    for key in sorted(facts, key=FactKey.sort_key):
        before = found[key.kind].get(key.attribute)
        if before is None or (facts[before] in (None, ()) and facts[key] not in (None, ())):
            found[key.kind][key.attribute] = key
    return found


def causes_of(kind: str, attribute: str) -> str:
    """The likely cause; empty where none stands out."""
    return messages._CAUSES.get((kind, attribute), "")  # noqa: SLF001 - the catalogue's source


def first_line(text: str | None) -> str:
    """The first sentence of a docstring."""
    return (inspect.cleandoc(text or "").splitlines() or [""])[0]


def cell(text: str) -> str:
    """Fit for a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def kinds(facts: Facts) -> Iterator[str]:
    """A section for each kind."""
    found = attributes_of(facts)
    for kind in KINDS:
        yield f"## {kind}\n\n"
        if kind not in MODULES:
            yield from of_the_census(kind)
            continue
        module = MODULES[kind]
        source = messages._SOURCES[kind]  # noqa: SLF001 - the catalogue's source
        docstring = importlib.import_module(f"conformance.observed.{module}").__doc__
        yield f"{first_line(docstring)}\n\n"
        yield (
            f"Read from {source}: [observed/{module}.py](../observed/{module}.py), "
            f"[sql/{module}.sql](../observed/sql/{module}.sql).\n"
        )
        if is_seen(FactKey(kind, "", "", EXISTS), True):
            yield "An undeclared object is *seen, not judged*.\n"
        if found[kind]:
            path = f"../expected/{module}.py"
            yield f"Promised by [expected/{module}.py]({path}).\n\n"
            yield "| attribute | for example | likely cause of a finding |\n| --- | --- | --- |\n"
            for attribute, key in found[kind].items():
                example = f"`{cell(f'{key.id} = {show(facts[key])}')}`"
                yield f"| {attribute} | {example} | {cell(causes_of(kind, attribute))} |\n"
            yield "\n"
        else:
            yield "No model can declare one, so any that is there is a finding.\n\n"
            cause = causes_of(kind, EXISTS)
            yield f"Why it matters: {cause}.\n\n" if cause else ""


def of_the_census(kind: str) -> Iterator[str]:
    """What has no module of its own."""
    yield "Found by the [census](../../docs/census.md). "
    yield "An undeclared object is *seen, not judged*.\n\n"
    declaration = messages.kinds.DECLARATIONS.get(kind)
    if declaration:
        yield f"Declared with `{declaration}`.\n\n"
    cause = causes_of(kind, EXISTS)
    if cause:
        yield f"It is a finding if it changes expressions or rows: {cause}.\n\n"


def tests() -> Iterator[str]:
    """A section for each file of the suite."""
    for path in sorted(SUITE.glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield f"## {path.stem.removeprefix('test_').replace('_', ' ').capitalize()}\n\n"
        yield f"{first_line(ast.get_docstring(tree))}\n"
        yield f"([{path.name}](../suite/{path.name}))\n\n"
        yield "| test | what must be true | needs |\n| --- | --- | --- |\n"
        for name, docstring, needs in [*borrowed(tree), *written(tree)]:
            yield f"| `{name}` | {cell(docstring)} | {needs} |\n"
        yield "\n"


def written(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Name, docstring and needed capabilities of the file's own tests."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, paragraph(ast.get_docstring(node)), ", ".join(needs_of(node))


def borrowed(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """The tests that the file imports from another package."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in (alias.name for alias in node.names):
                if name.startswith("test_"):
                    test = getattr(importlib.import_module(node.module), name)
                    package = node.module.partition(".")[0].replace("_", "-")
                    yield name, f"{paragraph(test.__doc__)} (from {package})", ""


def paragraph(docstring: str | None) -> str:
    """The first paragraph on one line."""
    return " ".join(inspect.cleandoc(docstring or "").partition("\n\n")[0].split())


def needs_of(node: ast.FunctionDef) -> Iterator[str]:
    """The capabilities that `@pytest.mark.needs(...)` names."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(".needs"):
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def catalogue() -> str:
    """The whole file."""
    facts = expected_facts(one_of_everything())
    index = ", ".join(f"[{kind}](#{kind})" for kind in KINDS)
    parts = [HEAD, f"Kinds of facts, causes before their consequences: {index}.\n\n"]
    return "".join([*parts, *kinds(facts), *tests()]).rstrip() + "\n"


if __name__ == "__main__":
    CATALOGUE.write_text(catalogue(), encoding="utf-8")
