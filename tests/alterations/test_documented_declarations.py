"""The page on declarations: a database made by its SQL conforms to the models of its Python."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import quoted_name

import conformance
from conformance.inspecting.module import metadata_in
from conformance.inspecting.reading import module_of
from conformance.observed import Scope

PAGE = Path(__file__).parents[2] / "docs/declarations.md"
BLOCK = re.compile(r"^```(?P<language>python|sql)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
TEXT = PAGE.read_text(encoding="utf-8")


def _blocks(language: str) -> list[tuple[int, str]]:
    """The line and the text of each block."""
    return [
        (TEXT.count("\n", 0, block.start()) + 1, block["text"])
        for block in BLOCK.finditer(TEXT)
        if block["language"] == language
    ]


def _signatures(text: str) -> dict[str, ast.arguments] | None:
    """The arguments that a block shows, by the declaration's name; None: it is an example."""
    calls = re.findall(r"^\w.*?(?:\)$|^\)$)", text, re.MULTILINE | re.DOTALL)
    try:
        found = [ast.parse(f"def {call}: ...").body[0] for call in calls]
    except SyntaxError:
        return None
    return {
        function.name: function.args for function in found if isinstance(function, ast.FunctionDef)
    }


SIGNATURES = {
    name: arguments
    for _, text in _blocks("python")
    for name, arguments in (_signatures(text) or {}).items()
}
EXAMPLES = [(line, text) for line, text in _blocks("python") if _signatures(text) is None]


@pytest.fixture(scope="module")
def metadata() -> sqlalchemy.MetaData:
    """The metadata of all examples, run in the page's order."""
    names = {
        **vars(sqlalchemy),
        "DOMAIN": postgresql.DOMAIN,
        **{name: getattr(conformance, name) for name in conformance.__all__},
        "__name__": "examples",
    }
    for line, text in EXAMPLES:
        if "alembic_utils" not in text or importlib.util.find_spec("alembic_utils"):
            exec(compile("\n" * line + text, PAGE, "exec", dont_inherit=True), names)
    return names["Base"].metadata


@pytest.mark.usefixtures("community_edition")
def test_a_database_as_the_page_shows_it_conforms(bare_database, metadata):
    name = quoted_name(bare_database.value("SELECT current_database()"), quote=True)
    for _, text in _blocks("sql"):
        bare_database.execute(text.replace("ALTER DATABASE app", f'ALTER DATABASE "{name}"'))
    bare_database.expect((), metadata)


@pytest.mark.usefixtures("community_edition")
def test_what_inspect_prints_of_that_database_conforms(bare_database):
    pytest.importorskip("sqlacodegen")
    name = quoted_name(bare_database.value("SELECT current_database()"), quote=True)
    for _, text in _blocks("sql"):
        bare_database.execute(text.replace("ALTER DATABASE app", f'ALTER DATABASE "{name}"'))
    source, _ = module_of(bare_database.connection, Scope())
    bare_database.expect((), metadata_in(source))


@pytest.mark.usefixtures("community_edition")
def test_an_empty_database_lacks_every_kind_that_the_page_declares(bare_database, metadata):
    missing = {key.kind for key in bare_database.compare(metadata).findings}
    assert missing == {
        "continuous_aggregate", "default_privilege", "domain", "extension", "function", "job",
        "materialized_view", "privilege", "procedure", "schema", "sequence", "setting",
        "statistics", "table", "type", "view",
    }  # fmt: skip


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_arguments_are_those_of_the_code(name):
    shown = ast.unparse(SIGNATURES[name])
    actual = inspect.signature(getattr(conformance, name))
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in actual.parameters.values()]
    expected = str(inspect.Signature(bare))
    assert f"({shown})".replace(" ", "") == expected.replace(" ", "")


def test_every_public_declaration_has_its_arguments_on_the_page():
    helpers = {"DeclarationError", "OrderBy", "SparseIndex", "include_name", "include_object"}
    helpers |= {"DoesNotConform", "assert_conforms"}
    assert set(conformance.__all__) - helpers - {"Procedure"} == set(SIGNATURES)
