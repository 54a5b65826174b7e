"""The template of a project's own fixture, under a key that no other project has."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import conformance
from conformance.expected import expected_facts

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from conformance.engines.base import Template

_OURS = Path(conformance.__file__).parent


def of_project(template: Template, metadata: MetaData | None) -> Template:
    """The template; one of a project has a key that also depends on its fixture and its models.

    An engine keeps databases by the key. A project that writes `Template("schema", "1", ...)` would
    get the database of another project, or one from before its models changed.
    """
    prepare = getattr(template.prepare, "func", template.prepare)
    # A callable object has no file, but its class has.
    made_by = prepare if inspect.isroutine(prepare) else type(prepare)
    file = Path(inspect.getsourcefile(made_by) or ".").resolve()
    if file.is_relative_to(_OURS):
        return template
    parts = [template.key, str(file), file.read_text("utf-8") if file.is_file() else ""]
    if metadata is not None:
        parts += sorted(map(repr, expected_facts(metadata).items()))
    return replace(template, key=hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32])
