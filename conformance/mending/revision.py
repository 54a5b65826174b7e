"""The body of a revision: each statement as raw SQL in `op.execute()`, and comments."""

from __future__ import annotations

import re
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

from conformance.literals import for_sqlalchemy, on_one_line, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.mending.plan import Plan
    from conformance.mending.report import Unmended
    from conformance.mending.scene import Step

_WIDTH = 88
#: With its end.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
#: A literal or a name; what nothing ends goes on to the end.
_IN_QUOTES = re.compile(r"'[^']*(?:'|$)|\"[^\"]*(?:\"|$)")
#: What Alembic's writer of indented lines takes for the beginning or the end of a block.
_OF_A_BLOCK = re.compile(r"^\s*$|:\s*(?:#.*)?$", re.MULTILINE)


def upgrade_body(plan: Plan) -> str:
    """The lines of `upgrade()`, without indentation."""
    lines = [*statements(plan.upgrade)]
    if plan.unmended:
        lines += ["# Not mended here, because no SQL can:", *_reasons(plan.unmended)]
    return "\n".join(lines)


def downgrade_body(plan: Plan) -> str:
    """The lines of `downgrade()`, without indentation."""
    lines = [*statements(plan.downgrade)]
    if plan.kept:
        lines += ["# Not restored here, because no SQL can:", *_reasons(plan.kept)]
    return "\n".join(lines)


def call(sql: str) -> str:
    """`op.execute("...")`, on several lines where the statement is long."""
    text = for_sqlalchemy(sql)
    raw = "r" if "\\" in text else ""
    whole = f'{raw}"{text}"'
    if not _reads_as_it_is(text):
        lines = [f"    {quoted(line)}\n" for line in _LINE.findall(text)]
        return f"op.execute(\n{''.join(lines)})"
    if "\n" not in text and '"' not in text and len(whole) < _WIDTH:
        return f"op.execute({whole})"
    inner = text.replace("\n", "\n    ")
    return f'op.execute(\n    {raw}"""\n    {inner}\n    """\n)'


def _reads_as_it_is(text: str) -> bool:
    """Whether the text means the same in (raw) quotes, and however its lines are indented."""
    return (
        text.replace("\n", "").isprintable()
        and '"""' not in text
        and not text.endswith("\\")
        and not ("\n" in text and _OF_A_BLOCK.search(text))
        and not any("\n" in item for item in _IN_QUOTES.findall(text))
    )


def statements(steps: Iterable[Step]) -> Iterator[str]:
    """Each statement as a call, after its comment; some outside of Alembic's transaction."""
    for phase, found in groupby(steps, key=lambda step: step.phase):
        lines = []
        for step in found:
            lines += [f"# {on_one_line(step.note)}"] if step.note else []
            lines.append(call(step.sql))
        if phase:
            yield "with op.get_context().autocommit_block():"
            lines = [textwrap.indent(line, "    ") for line in lines]
        yield from lines


def _reasons(items: Iterable[Unmended]) -> Iterator[str]:
    for item in items:
        yield f"# {on_one_line(f'{item.id}: {item.reason}.')}"


def script(steps: Iterable[Step], unmended: Iterable[Unmended] = ()) -> str:
    """The statements as a script for psql."""
    lines = []
    for step in steps:
        lines += [f"-- {on_one_line(step.note)}"] if step.note else []
        lines.append(f"{step.sql};")
    lines += [f"-- Not mended: {line[2:]}" for line in _reasons(unmended)]
    return "\n".join(lines) + "\n"
