"""The baseline: a file with the findings of the day on which the tool was adopted.

JSON for people to read and for git to compare: for each command the ids, sorted, with their
messages. `conformance check` and `conformance audit` have a part each; what the one finds the other
may not.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from conformance.errors import ConformanceError
from conformance.process.output import write as write_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_VERSION = 1
#: In a message: what may be a password. The file is to be committed.
_SECRETS = (
    (re.compile(r"(://[^:/@\s]*):[^\s@]*@"), r"\1:***@"),
    (re.compile(r"(?i)(password\s*[=:]?\s*)('[^']*'|\"[^\"]*\"|[^\s'\";,)]+)"), r"\1***"),
)


class BaselineUnavailable(ConformanceError):
    """The baseline is not there, or is none."""


def read(file: Path) -> dict[str, dict[str, str]]:
    """Messages by command and id.

    Raises:
        BaselineUnavailable: the file cannot be read, or is no baseline.
    """
    try:
        data: Any = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BaselineUnavailable(
            f"The baseline {file} does not exist.",
            f"Create it with conformance check or audit and --write-baseline {file}, or remove "
            "baseline from the configuration.",
        ) from None
    except (OSError, ValueError) as error:
        raise BaselineUnavailable(
            f"The baseline {file} cannot be read: {error}.", "Correct the file, or write it again."
        ) from None
    if not _is_baseline(data):
        raise BaselineUnavailable(
            f"{file} is not a baseline of this version.",
            "Delete the file, and create it with --write-baseline.",
        )
    findings: dict[str, dict[str, str]] = data["findings"]
    return findings


def _is_baseline(data: Any) -> bool:
    return (
        isinstance(data, dict)
        and data.get("version") == _VERSION
        and isinstance(data.get("findings"), dict)
        and all(
            isinstance(part, dict) and all(isinstance(text, str) for text in part.values())
            for part in data["findings"].values()
        )
    )


def render(findings: Mapping[str, Mapping[str, str]]) -> str:
    """The file's text; the same findings give the same text."""
    parts = {
        command: {name: _without_secrets(part[name]) for name in sorted(part)}
        for command, part in sorted(findings.items())
    }
    data = {
        "about": "Findings that were there when the tool was adopted; only new ones fail. "
        "conformance takes mended ones out; it adds none by itself.",
        "version": _VERSION,
        "findings": parts,
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def write(file: Path, findings: Mapping[str, Mapping[str, str]]) -> None:
    """Replace the file atomically.

    Raises:
        ConformanceError: it cannot be written.
    """
    write_file(file, render(findings))


def _without_secrets(text: str) -> str:
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text
