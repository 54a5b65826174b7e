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
from conformance.inspecting import sequences, subjects, views
from conformance.inspecting.options import OPTIONS

PROJECT = Path(__file__).parents[2]
#: Kinds that no model can promise: nobody declares them.
NOBODYS = {"object", "catalog"}


_ALL = (*subjects.OF_TABLES, *subjects.OF_DATABASE, sequences, views)

#: Kind -> its attributes that the class, a column of it, or an option of the table says.
OF_CLASSES = {
    "table": ("exists", *OPTIONS),
    "column": (
        "exists", "type", "nullable", "default", "identity", "generated", "generated_storage",
        "collation",
    ),
    "comment": ("exists", "text"),
    "type": ("exists", "labels"),
    "domain": ("exists", "type", "nullable", "default", "collation", "checks"),
}  # fmt: skip

_NO_LONGER_USUAL = "models can only promise the usual value"
#: (kind, attribute) -> why no declaration says it. A value that is not the usual one is a finding,
#: which is named in a comment.
UNSAID = {
    ("extension", "disabled_event_triggers"): _NO_LONGER_USUAL,
    ("extension", "restoring"): _NO_LONGER_USUAL,
    ("extension", "sequences_behind"): _NO_LONGER_USUAL,
    ("domain", "validated"): _NO_LONGER_USUAL,
    ("sequence", "logged"): _NO_LONGER_USUAL,
    ("table", "altered_partitions"): _NO_LONGER_USUAL,
    ("table", "referred_to_by"): "the other table is in a schema that is not read",
    ("table", "inherited_by"): "said by the child",
    ("table", "updates_refused"): _NO_LONGER_USUAL,
    ("table", "withheld_from_owner"): _NO_LONGER_USUAL,
    ("primary_key", "over_periods"): _NO_LONGER_USUAL,
    ("primary_key", "valid"): _NO_LONGER_USUAL,
    ("unique", "over_periods"): _NO_LONGER_USUAL,
    ("unique", "valid"): _NO_LONGER_USUAL,
    ("foreign_key", "over_periods"): _NO_LONGER_USUAL,
    ("foreign_key", "enforced"): _NO_LONGER_USUAL,
    ("check", "enforced"): _NO_LONGER_USUAL,
    ("index", "valid"): _NO_LONGER_USUAL,
    ("continuous_aggregate", "alterations"): _NO_LONGER_USUAL,
    ("continuous_aggregate", "automatic_indexes"): "a query that is a text does not say them",
    ("policy", "config"): _NO_LONGER_USUAL,
    ("policy", "scheduled"): _NO_LONGER_USUAL,
    ("policy", "max_retries"): _NO_LONGER_USUAL,
    ("policy", "max_runtime"): _NO_LONGER_USUAL,
    ("chunk", "alterations"): _NO_LONGER_USUAL,
    ("hypertable", "chunk_target_size"): _NO_LONGER_USUAL,
    ("hypertable", "root_table_rows"): _NO_LONGER_USUAL,
    ("chunk", "other_compression_settings"): _NO_LONGER_USUAL,
    ("trigger", "enabled"): _NO_LONGER_USUAL,
    ("rule", "enabled"): _NO_LONGER_USUAL,
}


def is_said(kind: str, attribute: str) -> bool:
    """Whether the code of some module, or of a class, promises the attribute."""
    if kind == "storage":
        return attribute != "of_type"
    said = {"exists"} if any(kind in module.ATTRIBUTES for module in _ALL) else set()
    for module in _ALL:
        said.update(module.ATTRIBUTES.get(kind, ()))
    return attribute in {*said, *OF_CLASSES.get(kind, ())}


def one_of_everything():
    path = PROJECT / "docs/generate_checks.py"
    specification = importlib.util.spec_from_file_location("generate_checks", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.one_of_everything()


PROMISED = sorted({(key.kind, key.attribute) for key in expected_facts(one_of_everything())})


@pytest.mark.parametrize(("kind", "attribute"), PROMISED)
def test_an_attribute_is_said_or_there_is_a_reason(kind, attribute):
    reason = UNSAID.get((kind, attribute))
    assert is_said(kind, attribute) is (reason is None)


@pytest.mark.parametrize("kind", sorted({*KINDS} - NOBODYS))
def test_the_existence_of_each_kind_is_said(kind):
    assert is_said(kind, EXISTS) or kind == "chunk"


def test_no_reason_is_left_over():
    known = {kind for kind, _ in PROMISED}
    assert {key for key in UNSAID if key[0] in known} <= {*PROMISED}


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
