"""Names as the server prints them."""

from __future__ import annotations

from sqlalchemy import text

from conformance.comparing.identifiers import printed
from conformance.engines.connecting import connect


def test_every_keyword_is_printed_as_the_server_prints_it(conformance_engine):
    with conformance_engine.database() as url, connect(url) as connection:
        found = connection.execute(text("SELECT word, quote_ident(word) FROM pg_get_keywords()"))
        wrong = {word: said for word, said in found if printed(word) != said}
    assert wrong == {}
