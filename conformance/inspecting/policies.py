"""`Retention`, `Compaction`, `Reorder` and `Refresh`: policies of hypertables and aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import UNBOUNDED
from conformance.inspecting.code import Call, given
from conformance.inspecting.observed import Entry, length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Observed

_OPTIONS = (
    "buckets_per_batch", "max_batches_per_execution", "refresh_newest_first", "include_tiered_data",
)  # fmt: skip
#: The ages of which a retention policy has one.
_DROPS = ("drop_after", "drop_created_before")
_OFFSETS = ("start_offset", "end_offset")
_COMPACTION = ("max_chunks", "max_batches", "inactive_for")
ATTRIBUTES = {
    "policy": (
        "count", "schedule_interval", "index_name", "start_offset", "end_offset",
        *_DROPS, *_COMPACTION, *_OPTIONS,
    )
}  # fmt: skip


def declarations(observed: Observed) -> Iterator[Entry]:
    """The declaration of each policy but those that compress."""
    for kind, table, name, policy in observed.all("policy"):
        call = _declaration(name, policy)
        if call is not None:
            yield observed.entry(table, call, [(kind, table, name)], ATTRIBUTES["policy"])


def _declaration(name: str, policy: dict[str, Any]) -> Call | None:
    if any(_is_text(policy.get(age)) for age in (*_DROPS, *_OFFSETS, "inactive_for")):
        return None  # The policy fails, and nothing declares it.
    schedule = {"schedule_interval": length(policy["schedule_interval"])}
    if name == "retention":
        ages = {age: length(policy[age]) for age in _DROPS if age in policy}
        usual = schedule["schedule_interval"] == "1 day"
        return Call("Retention", (), {**ages, **({} if usual else schedule)})
    if name == "compaction":
        options = {option: policy.get(option) for option in _COMPACTION}
        inactive = options.pop("inactive_for")
        options["inactive_for"] = None if inactive is None else length(inactive)
        return Call("Compaction", (), {**schedule, **given(**options)})
    if name == "reorder":
        return Call("Reorder", (policy["index_name"],), schedule)
    if name.startswith("refresh"):
        window = {side: _offset(policy[side]) for side in _OFFSETS}
        options = given(**{option: policy.get(option) for option in _OPTIONS})
        return Call("Refresh", (), {**window, **schedule, **options})
    return None


def _is_text(age: Any) -> bool:
    """Whether it is what somebody wrote into the configuration in place of an age."""
    return isinstance(age, str) and age != UNBOUNDED


def _offset(value: Any) -> Any:
    return None if value == UNBOUNDED else length(value)
