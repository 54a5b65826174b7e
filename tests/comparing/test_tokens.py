"""SQL in tokens, and names as SQL takes them."""

from __future__ import annotations

import pytest
from sqlalchemy import MetaData, Table

from conformance.comparing.tokens import quoted_table, tokens_of


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("Price > 'a b' || $$c$$ -- d", ["price"]),
        ('"Two""names" /* no */ = e1::int4', ['Two"names', "e1", "int4"]),
        (r"E'it\'s' <> größe$ AND 1e5 = x.y", ["größe$", "and", "x", "y"]),
    ],
)
def test_names(sql, names):
    tokens = [*tokens_of(sql)]
    assert [name for name, _ in tokens if name is not None] == names
    assert "".join(written for _, written in tokens) == sql


def test_the_name_of_a_table():
    assert quoted_table(Table('a "b" 100%', MetaData())) == '"a ""b"" 100%"'
    assert quoted_table(Table("t", MetaData(), schema="S")) == '"S"."t"'
