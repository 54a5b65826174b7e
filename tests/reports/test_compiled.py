"""Compiled templates are kept, and trusted only as long as the template is the same."""

from __future__ import annotations

import sys

import pytest
from jinja2 import DictLoader, Environment
from jinja2.bccache import bc_magic

from conformance.process.cache import CACHE_VARIABLE
from conformance.reports.compiled import compiled_templates


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def rendered(text, *, autoescape=True):
    environment = Environment(
        loader=DictLoader({"t": text}), autoescape=autoescape, bytecode_cache=compiled_templates()
    )
    return environment.get_template("t").render(x="<")


def test_a_template_is_compiled_once(cache, monkeypatch):
    assert rendered("{{ x }}") == "&lt;"
    (file,) = (cache / "templates").iterdir()
    monkeypatch.setattr(Environment, "compile", lambda *_, **__: pytest.fail("compiled again"))
    assert rendered("{{ x }}") == "&lt;"
    assert [*(cache / "templates").iterdir()] == [file]


def test_another_template_of_the_name_takes_its_place(cache):
    assert rendered("{{ x }}") == "&lt;"
    assert rendered("{{ x }}!") == "&lt;!"
    assert len([*(cache / "templates").iterdir()]) == 1


def test_what_escapes_nothing_is_not_used_where_all_is_escaped():
    assert rendered("{{ x }}", autoescape=False) == "<"
    assert rendered("{{ x }}") == "&lt;"


def test_a_folder_that_cannot_be_written_is_no_error(cache):
    cache.write_text("a file")
    assert rendered("{{ x }}") == "&lt;"


def test_a_damaged_file_is_replaced(cache):
    assert rendered("{{ x }}") == "&lt;"
    (file,) = (cache / "templates").iterdir()
    whole = file.read_bytes()
    for part in (b"", whole[: len(bc_magic)], whole[: len(bc_magic) + 9], whole[:-9], whole[:-1]):
        file.write_bytes(part)
        assert rendered("{{ x }}") == "&lt;"
        assert file.read_bytes() == whole


def test_an_audit_does_without(monkeypatch):
    monkeypatch.setitem(sys.modules, "conformance.process.cache", None)
    assert compiled_templates() is None
    assert rendered("{{ x }}") == "&lt;"
