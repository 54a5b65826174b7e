"""What several parts of one reading of a database ask, asked once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from sqlalchemy import Connection

    Answer = TypeVar("Answer")

_ANSWERS = "conformance_answers"


@contextmanager
def asking_once(connection: Connection) -> Iterator[None]:
    """Keep what `once` reads, until the outermost of such blocks ends.

    Within the block nobody may change what is read.
    """
    if _ANSWERS in connection.info:
        yield
        return
    # Of a connection that is lost meanwhile, nobody may ask for it again.
    info = connection.info
    info[_ANSWERS] = {}
    try:
        yield
    finally:
        info.pop(_ANSWERS, None)


def once(connection: Connection, question: Hashable, ask: Callable[[], Answer]) -> Answer:
    """The answer, which within `asking_once` is kept for whoever has the same question."""
    answers = connection.info.get(_ANSWERS)
    if answers is None:
        return ask()
    if question not in answers:
        answers[question] = ask()
    answer: Answer = answers[question]
    return answer
