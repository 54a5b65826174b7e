"""What a project's acceptances, severities and house rules look like in its configuration."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from conformance.comparing.codes import ERROR, WARNING
from conformance.comparing.findings import COMMANDS
from conformance.comparing.house_rules import HOUSE_RULES as RULES
from conformance.project.shapes import Shape, nearest

_KEYS = ("id", "reason", "until", "commands")
#: For validators that ignore the format of JSON Schema; the format knows the days of a month.
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_SEVERITIES = (ERROR, WARNING)


def day_of(value: object) -> date | None:
    """The day that TOML, or a text such as `2027-03-31`, names; None if it names none."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.search(_DAY, value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _wrong_acceptances(value: object) -> str | None:
    if not isinstance(value, list | tuple) or not all(isinstance(item, dict) for item in value):
        return None
    for number, item in enumerate(value, start=1):
        if (why := _wrong_acceptance(item)) is not None:
            return f"has an entry, number {number}{_called(item)}, {why}"
    return None


def _called(item: dict[str, Any]) -> str:
    name = item.get("id")
    return f" ({name})" if isinstance(name, str) and name else ""


def _wrong_acceptance(item: dict[str, Any]) -> str | None:
    """Completes "an entry"."""
    for key in item:
        if key not in _KEYS:
            return f"with an unknown key {key!r}; the nearest one is {nearest(key, _KEYS)!r}"
    for key in ("id", "reason"):
        if not isinstance(item.get(key), str) or not item[key].strip():
            return f"without {'an id' if key == 'id' else 'a reason'}; it must be a text"
    if "until" in item and day_of(item["until"]) is None:
        return "whose until is no day; write until = 2027-03-31"
    commands = item.get("commands", [COMMANDS[0]])
    listed = isinstance(commands, list | tuple) and bool(commands)
    if not listed or any(command not in COMMANDS for command in commands):
        return f"whose commands are not a list of {', '.join(COMMANDS)}"
    return None


def _are_acceptances(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and all(isinstance(item, dict) for item in value)
        and _wrong_acceptances(value) is None
    )


def _frozen_acceptances(value: Any) -> tuple[dict[str, Any], ...]:
    """Plain data, fit for JSON: days as texts."""
    return tuple(
        {
            key: str(part) if key == "until" else part.strip() if isinstance(part, str) else [*part]
            for key, part in item.items()
        }
        for item in value
    )


ACCEPTED = Shape(
    "a list of tables",
    {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["id", "reason"],
            "properties": {
                "id": {
                    "description": "Of the finding; * stands for any text.",
                    "type": "string",
                    "pattern": r"\S",
                },
                "reason": {"description": "Why.", "type": "string", "pattern": r"\S"},
                "until": {
                    "description": "The last day on which it is accepted.",
                    "type": "string",
                    "format": "date",
                    "pattern": _DAY,
                },
                "commands": {
                    "description": "The commands that find it; without them, all.",
                    "type": "array",
                    "items": {"enum": list(COMMANDS)},
                    "minItems": 1,
                },
            },
        },
    },
    _are_acceptances,
    wrong=_wrong_acceptances,
    frozen=_frozen_acceptances,
)


def _wrong_severities(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    said = next((key for key, severity in value.items() if severity not in _SEVERITIES), None)
    return None if said is None else f"says of {said} neither error nor warning"


SEVERITIES = Shape(
    "a table of error and warning",
    {"type": "object", "additionalProperties": {"enum": list(_SEVERITIES)}},
    lambda value: isinstance(value, dict) and _wrong_severities(value) is None,
    wrong=_wrong_severities,
)


def _wrong_house_rules(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    for name, wanted in value.items():
        if name not in RULES:
            return f"has an unknown rule {name!r}; the nearest one is {nearest(name, RULES)!r}"
        if not isinstance(wanted, bool):
            return f"says of {name} neither true nor false"
    return None


HOUSE_RULES = Shape(
    "a table of true and false",
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            rule.name: {"description": rule.rule, "type": "boolean", "default": True}
            for rule in RULES.values()
        },
    },
    lambda value: isinstance(value, dict) and _wrong_house_rules(value) is None,
    wrong=_wrong_house_rules,
)
