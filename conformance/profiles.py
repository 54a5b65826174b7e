"""How many generated examples a run tries.

All are deterministic but `nightly`: the same code tries the same examples, so that a pull request
fails for what it changes. `nightly` draws new ones each time; pytest prints what repeats them.
"""

from __future__ import annotations

#: Examples for each property of each table.
PROFILES = {"quick": 10, "thorough": 60, "nightly": 2_000}
#: Histories of each hypertable, and the most steps of one.
HISTORIES = {"quick": 4, "thorough": 50, "nightly": 1_500}
STEPS = {"quick": 10, "thorough": 12, "nightly": 25}
#: Scenarios of each hypertable: what sessions do to each other, and where a connection ends.
SCENARIOS = {"quick": 3, "thorough": 10, "nightly": 300}


def is_deterministic(profile: str) -> bool:
    """Whether the profile tries the same examples each time."""
    return profile != "nightly"
