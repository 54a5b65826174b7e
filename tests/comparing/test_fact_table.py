"""A table of facts behaves as a dictionary of them."""

from __future__ import annotations

import pickle

import pytest

from conformance.comparing.fact_table import FactTable, Keys
from conformance.comparing.facts import EXISTS, FactKey

TABLE = FactKey("table", "t", "", EXISTS)
KIND = FactKey("table", "t", "", "kind")
COLUMN = FactKey("column", "t", "close", "type")
OTHER = FactKey("column", "t", "open", "type")


def facts():
    return {TABLE: True, COLUMN: "text", KIND: None}


def test_it_equals_the_dictionary_and_keeps_it_apart():
    table = FactTable(facts())
    assert table == facts()
    assert facts() == table
    assert table != {**facts(), KIND: "view"}
    assert len(table) == len(facts())
    assert dict(table.items()) == facts()
    assert list(table) == [TABLE, KIND, COLUMN], "grouped by object"
    assert all(isinstance(key, FactKey) for key in table)
    assert all(isinstance(key, FactKey) for key, _ in table.items())
    assert repr(table) == f"FactTable({ {TABLE: True, KIND: None, COLUMN: 'text'}!r})"


def test_a_value_is_found_by_its_key():
    table = FactTable(facts())
    assert table[KIND] is None
    assert table.get(KIND, "default") is None
    assert table.get(OTHER) is None
    assert table.get(OTHER, "default") == "default"
    assert table.get(KIND._replace(attribute="owner"), "default") == "default"
    assert KIND in table
    assert OTHER not in table
    assert KIND._replace(attribute="owner") not in table
    assert "table" not in table
    with pytest.raises(KeyError):
        table[OTHER]


def test_facts_can_be_set_and_deleted():
    table = FactTable()
    assert not table
    table[COLUMN] = "text"
    table[COLUMN] = "date"
    table[TABLE] = True
    table[KIND] = "table"
    assert table == {COLUMN: "date", TABLE: True, KIND: "table"}
    del table[KIND]
    assert table.objects[TABLE[:3]] == {EXISTS: True}
    del table[COLUMN]
    assert table.objects == {TABLE[:3]: {EXISTS: True}}
    with pytest.raises(KeyError):
        del table[COLUMN]


def test_an_object_is_added_once():
    table = FactTable()
    table.add("table", "t", "", {EXISTS: True})
    table.add("table", "t", "", {"kind": "table"})
    assert table.objects == {("table", "t", ""): {EXISTS: True, "kind": "table"}}


def test_several_objects_are_added():
    table = FactTable()
    table.extend([("table", "t", "", {EXISTS: True}), ("view", "v", "", {EXISTS: True})])
    assert [*table.objects] == [("table", "t", ""), ("view", "v", "")]


@pytest.mark.parametrize("more", [{KIND: "view", OTHER: "text"}, {OTHER: "text", KIND: "view"}])
def test_the_facts_of_another_are_added(more):
    merged = {**facts(), **more}
    for given in (more, FactTable(more)):
        table = FactTable(facts())
        table.merge(given)
        assert table == merged


def test_a_copy_is_a_copy():
    table = FactTable(facts())
    copy = FactTable(table)
    assert copy == table
    copy[KIND] = "view"
    copy[OTHER] = "text"
    assert table == facts()
    assert FactTable.of(table) is table
    assert FactTable.of(facts()) == table


def test_an_object_gets_another_key():
    table = FactTable(facts())
    assert table.renamed({}) is table
    renamed = table.renamed({COLUMN[:3]: OTHER[:3]})
    assert renamed == {TABLE: True, KIND: None, OTHER: "text"}
    assert table == facts()


def test_it_can_be_pickled():
    assert pickle.loads(pickle.dumps(FactTable(facts()))) == facts()


def test_its_keys_are_a_tuple_of_them():
    keys = Keys(FactTable(facts()))
    assert keys == (TABLE, KIND, COLUMN)
    assert keys == Keys(FactTable(facts()))
    assert keys != (TABLE, COLUMN, KIND)
    assert keys != [TABLE, KIND, COLUMN]
    assert (keys[0], keys[1:]) == (TABLE, (KIND, COLUMN))
    assert len(keys) == len(list(keys))
    assert TABLE in keys
    assert OTHER not in keys
    assert repr(keys) == repr((TABLE, KIND, COLUMN))
