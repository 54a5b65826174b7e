"""The body of a revision: each statement as raw SQL in `op.execute()`, and comments."""

from __future__ import annotations

import re
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.mending.plan import Plan
    from conformance.mending.report import Unmended
    from conformance.mending.scene import Step

_WIDTH = 88
#: What SQLAlchemy takes for a parameter in the text of a statement.
_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)(?!\w*:)")


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
    text = _PARAMETER.sub(r"\:", sql)
    raw = "r" if "\\" in text else ""
    quoted = f'{raw}"{text}"'
    short = "\n" not in text and '"' not in text and len(quoted) < _WIDTH
    if short:
        return f"op.execute({quoted})"
    # A backslash at the end, or three quotes, would end the string elsewhere.
    if '"""' in text or text.endswith("\\"):
        return f"op.execute({text!r})"
    inner = text.replace("\n", "\n    ")
    return f'op.execute(\n    {raw}"""\n    {inner}\n    """\n)'


def statements(steps: Iterable[Step]) -> Iterator[str]:
    """Each statement as a call, after its comment; some outside of Alembic's transaction."""
    for phase, found in groupby(steps, key=lambda step: step.phase):
        lines = []
        for step in found:
            lines += [f"# {step.note}"] if step.note else []
            lines.append(call(step.sql))
        if phase:
            yield "with op.get_context().autocommit_block():"
            lines = [textwrap.indent(line, "    ") for line in lines]
        yield from lines


def _reasons(items: Iterable[Unmended]) -> Iterator[str]:
    for item in items:
        yield f"# {item.id}: {' '.join(item.reason.split())}."


def script(steps: Iterable[Step], unmended: Iterable[Unmended] = ()) -> str:
    """The statements as a script for psql."""
    lines = []
    for step in steps:
        lines += [f"-- {step.note}"] if step.note else []
        lines.append(f"{step.sql};")
    lines += [f"-- Not mended: {line[2:]}" for line in _reasons(unmended)]
    return "\n".join(lines) + "\n"
