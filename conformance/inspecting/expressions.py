"""SQL expressions as SQLAlchemy takes them."""

from __future__ import annotations

from conformance.inspecting.code import Call
from conformance.literals import for_sqlalchemy


def text_call(text: str) -> Call:
    """`text("...")`."""
    return Call("text", (for_sqlalchemy(text),), module="sqlalchemy")


def bare(expression: str) -> str:
    """`price > 0` for `(price > 0)`, as the server prints it."""
    if not (expression.startswith("(") and expression.endswith(")")):
        return expression
    depth, quote = 0, ""
    for place, letter in enumerate(expression):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if depth == 0 and place < len(expression) - 1:
                return expression
    return expression[1:-1]
