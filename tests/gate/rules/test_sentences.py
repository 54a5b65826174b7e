"""Parts of sentences: lists, statements, clauses."""

from __future__ import annotations

from conformance.gate.rules.sentences import capitalized, listed, shortened


def test_lists_end_after_four():
    assert listed("abcd") == "a; b; c; d"
    assert listed("abcde") == "a; b; c; d and 1 more"
    assert listed([]) == ""


def test_statements_are_one_line_of_a_hundred_characters():
    assert shortened("SELECT\n   1") == "SELECT 1"
    assert shortened("x" * 100) == "x" * 100
    assert shortened("x" * 101) == "x" * 99 + "…"


def test_names_in_a_clause_keep_their_case():
    assert capitalized("column t.B is gone") == "Column t.B is gone"
    assert capitalized("") == ""
