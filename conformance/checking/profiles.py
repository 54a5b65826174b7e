"""How many generated examples a run tries, from which seed, and what it keeps for the next run.

The same code tries the same examples, so that a pull request fails for what it changes; `nightly`
draws new ones each time. What failed is kept in the cache folder and tried first by the next run;
what failed in a workflow's last run, too, where SHARED_VARIABLE names its repository.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from conformance.checking.options import options_of
from conformance.process.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hypothesis import settings

    from conformance.project.configuration import Configuration

    Tried = TypeVar("Tried", bound=Callable[..., Any])

#: Names the GitHub repository, `owner/repository`, whose workflow shares its failing examples. To
#: read them GITHUB_TOKEN must be set as well.
SHARED_VARIABLE = "CONFORMANCE_SHARED_EXAMPLES"
#: Examples for each property of each table.
PROFILES = {"quick": 10, "thorough": 60, "nightly": 2_000}
#: Histories of each hypertable, and the most steps of one.
HISTORIES = {"quick": 4, "thorough": 50, "nightly": 1_500}
STEPS = {"quick": 10, "thorough": 12, "nightly": 25}
#: Scenarios of each hypertable: what sessions do to each other, and where a connection ends.
SCENARIOS = {"quick": 3, "thorough": 10, "nightly": 300}
#: What all profiles but `nightly` draw from.
FIXED_SEED = 1
#: A fresh seed has no more digits than a person can copy.
_SEEDS = 10**9

_GENERATION = pytest.StashKey["Generation"]()
#: What the controller of pytest-xdist tells its workers.
_WORKER_INPUT = "conformance_seed"


@dataclass(frozen=True)
class Generation:
    """How a run generates its examples.

    Attributes:
        profile: one of `PROFILES`.
        seed: what everything drawn follows from.
        wanted: the number of examples that `--examples` asks for; None: the profile's.
        kept: the folder for this project's failing examples; None where none can be written.
        shared: `owner/repository`, whose workflow shares its failing examples; empty: none does.
    """

    profile: str
    seed: int
    wanted: int | None
    kept: Path | None
    shared: str = ""

    def as_data(self) -> dict[str, str | int]:
        """For the reports: what generates the same again."""
        wanted = {} if self.wanted is None else {"examples": self.wanted}
        return {"profile": self.profile, **wanted, "seed": self.seed}

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.as_data().items())

    def examples(self, by_profile: Mapping[str, int] = PROFILES) -> int:
        """How many to try, where the profiles' numbers are these."""
        return self.wanted or by_profile[self.profile]

    def settings_for(self, test: str, **more: Any) -> settings:
        """Hypothesis's settings for a test, by its id; a failing example is kept under that.

        Args:
            more: settings of Hypothesis that are the test's own.
        """
        # Here, since pytest warns of a plugin of its own that was imported before it starts.
        from hypothesis import HealthCheck, settings

        from conformance.checking.examples import database_for

        return settings(
            **{
                "max_examples": self.examples(),
                "database": database_for(test, self.kept, self.shared),
                "deadline": None,
                "report_multiple_bugs": False,
                "suppress_health_check": list(HealthCheck),
                **more,
            }
        )

    def has_failed(self, test: str) -> bool:
        """Whether an example of the test is kept, which failed once and may still do."""
        from conformance.checking.examples import has_examples

        return has_examples(test, self.kept, self.shared)

    def seeded(self, test: Tried) -> Tried:
        """A `@given` function or a state machine that draws from this run's seed.

        To be called before its settings are applied: Hypothesis takes the database away here.
        """
        from hypothesis import seed

        return seed(self.seed)(test)


def generation_of(config: pytest.Config) -> Generation:
    """How this session generates, decided once; in a worker of pytest-xdist, as its controller."""
    if _GENERATION not in config.stash:
        options = options_of(config)
        project = f"{config.rootpath} {','.join(options.models)}"
        config.stash[_GENERATION] = Generation(
            options.profile,
            _seed(config, options),
            options.examples,
            _writable(cache_folder() / "examples" / _short_hash(project)),
            os.environ.get(SHARED_VARIABLE, ""),
        )
    return config.stash[_GENERATION]


def tell_worker(config: pytest.Config, worker_input: dict[str, object]) -> None:
    """All workers of pytest-xdist draw from the controller's seed."""
    worker_input[_WORKER_INPUT] = generation_of(config).seed


def _seed(config: pytest.Config, options: Configuration) -> int:
    """The one asked for; else the fixed one, or in `nightly` a new one.

    An option of our own: under Hypothesis's nothing is kept.
    """
    told: dict[str, int] = getattr(config, "workerinput", {})
    given = told.get(_WORKER_INPUT, options.seed)
    if given is not None:
        return int(given)
    return secrets.randbelow(_SEEDS) if options.profile == "nightly" else FIXED_SEED


def _writable(folder: Path) -> Path | None:
    """The folder, made; keeping examples is no reason to fail."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.R_OK | os.W_OK | os.X_OK) else None


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
