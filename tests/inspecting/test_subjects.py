"""Everything that models can promise is printed, or stands in the table of what is not."""

from __future__ import annotations

import importlib.util
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

from conformance import declarations, inspecting
from conformance.comparing.facts import EXISTS, KINDS
from conformance.declarations.base import Declaration, Requirement
from conformance.expected import expected_facts
from conformance.inspecting import subjects

PROJECT = Path(__file__).parents[2]
#: Kinds that no model can promise: nobody declares them.
NOBODYS = {"object", "catalog"}


def one_of_everything():
    path = PROJECT / "docs/generate_checks.py"
    specification = importlib.util.spec_from_file_location("generate_checks", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.one_of_everything()


PROMISED = sorted({(key.kind, key.attribute) for key in expected_facts(one_of_everything())})


@pytest.mark.parametrize(("kind", "attribute"), PROMISED)
def test_an_attribute_is_said_or_there_is_a_reason(kind, attribute):
    reason = subjects.UNSAID.get((kind, attribute))
    assert subjects.is_said(kind, attribute) is (reason is None)


@pytest.mark.parametrize("kind", sorted({*KINDS} - NOBODYS))
def test_the_existence_of_each_kind_is_said(kind):
    assert subjects.is_said(kind, EXISTS) or kind == "chunk"


def test_no_reason_is_left_over():
    known = {kind for kind, _ in PROMISED}
    assert {key for key in subjects.UNSAID if key[0] in known} <= {*PROMISED}


def classes_of_declarations():
    return sorted(
        name
        for name, thing in vars(declarations).items()
        if inspect.isclass(thing)
        and name in declarations.__all__
        and issubclass(thing, Declaration | Requirement)
        and name != "Derived"
    )


@pytest.mark.parametrize("name", [*classes_of_declarations(), "HashPartition", "ColumnStorage"])
def test_some_module_prints_each_declaration(name):
    sources = "".join(
        Path(module.module_finder.path, f"{module.name}.py").read_text(encoding="utf-8")
        for module in pkgutil.iter_modules(inspecting.__path__)
    )
    capitalized = name in ("Function", "Procedure") and "kind.capitalize()" in sources
    assert capitalized or re.search(rf'"{name}"', sources)


def test_modules_print_no_attribute_that_nobody_promises():
    """An attribute that was renamed would stand here and be printed by nobody."""
    promised = {*PROMISED}
    kinds = {kind for kind, _ in PROMISED}
    for module in (*subjects.OF_TABLES, *subjects.OF_DATABASE):
        for kind, attributes in module.ATTRIBUTES.items():
            if kind in kinds and kind != "policy":
                assert {(kind, attribute) for attribute in attributes} <= promised
