"""Every code of the gate has a page, every page a code, and the SQL of the pages runs."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine

from conformance.comparing.policies.codes import POLICY_CODES
from conformance.engines.base import Template
from conformance.gate.evidence.codes import CODES
from conformance.gate.rules.acceptance import NEVER
from conformance.population.filling import fill_every_state
from models import Base

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "conformance/pages"

BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

each_code = pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)


def blocks(page, language):
    """The fenced blocks of the language."""
    found = BLOCK.finditer((PAGES / page).read_text(encoding="utf-8"))
    return [block["text"] for block in found if block["language"] == language]


SQL = [
    pytest.param(sql, id=f"{path.stem}-{number}")
    for path in sorted(PAGES.glob("*.md"))
    for number, sql in enumerate(blocks(path.name, "sql"), 1)
]


def test_every_page_has_a_code():
    assert {path.stem for path in PAGES.glob("*.md")} == {*CODES, "README", "checks"}


@each_code
def test_every_code_has_a_page(code):
    text = (ROOT / code.page).read_text(encoding="utf-8")
    article = "An" if code.severity == "error" else "A"
    assert text.startswith(f"# `{code.name}`\n\n{code.title} {article} {code.severity}.\n")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Why it hurts", "What to do", "How to accept it"]


@each_code
def test_the_index_lists_the_code(code):
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    assert f"| [`{code.name}`]({code.name}.md) | {code.severity} | {code.title} |" in index


@each_code
def test_the_page_says_how_to_accept_it(code):
    text = (ROOT / code.page).read_text(encoding="utf-8")
    if re.search("\n(This finding cannot be accepted|A revision cannot accept)", text):
        return
    assert code.name not in NEVER
    if code.name in POLICY_CODES:
        (entry,) = tomllib.loads(blocks(f"{code.name}.md", "toml")[-1])["tool"]["conformance"][
            "accepted"
        ]
        assert (entry["id"].split(":")[0], bool(entry["reason"])) == (code.name, True)
        if "only an audit finds it" in text:
            return
    (*_, last) = blocks(f"{code.name}.md", "python")
    (assignment,) = ast.parse(last).body
    assert [target.id for target in assignment.targets] == ["accepted"]
    ((name, reason),) = ast.literal_eval(assignment.value).items()
    assert name.split(":")[0] == code.name
    assert reason


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_the_python_of_the_page_can_be_read(page):
    for text in blocks(page.name, "python"):
        ast.parse(text)


@pytest.fixture(scope="module")
def filled(conformance_engine, schema_template):
    """The URL of a database like those in use."""
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("the pages are about compression, which the Apache edition lacks")

    def prepare(url):
        schema_template.prepare(url)
        server = create_engine(url, poolclass=NullPool)
        with server.begin() as connection:
            fill_every_state(connection, Base.metadata, compress=True)

    template = Template("filled", f"filled-{schema_template.key}", prepare)
    with conformance_engine.database(template) as url:
        yield url


@pytest.mark.parametrize("sql", SQL)
def test_the_sql_of_the_page_runs(sql, filled):
    with create_engine(filled, poolclass=NullPool).connect() as connection:
        connection.exec_driver_sql("SET LOCAL search_path = public")
        for statement in sql.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        connection.rollback()
