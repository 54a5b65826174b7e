"""Functions and procedures that the metadata requires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.bodies import digest_of
from conformance.comparing.facts import EXISTS, Body, Objects, TypeName, Value
from conformance.declarations.base import required
from conformance.declarations.functions import Function
from conformance.expected.tables import qualified

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Objects:
    """Every declared function and procedure, with its declared properties."""
    for item in required(metadata, Function):
        name = qualified(str(item.signature), item.schema, default_schema)
        yield item.kind, name, "", _attributes(item)


def _attributes(item: Function) -> dict[str, Value]:
    returns = item.returns
    plain_type = returns is not None and not returns.startswith(("TABLE", "SETOF"))
    of_function: dict[str, Value] = {
        "returns": TypeName(returns, returns) if returns and plain_type else returns,
        "volatility": item.volatility,
        "strict": item.strict,
    }
    said: dict[str, Value] = {
        "language": item.language,
        **(of_function if item.kind == "function" else {}),
        "security": item.security,
        "settings": item.settings,
        "body": item.digest if item.body is None else _body(item, item.body),
    }
    # The verdict names the others with their values.
    return {EXISTS: True, **{name: value for name, value in said.items() if value is not None}}


def _body(item: Function, text: str) -> Body:
    arguments = item.written[item.written.index("(", len(item.signature.name)) :].strip()
    return Body(digest_of(text), text, arguments, item.definition)
