"""How many examples a run generates, from which seed, and which it keeps for the next run.

The same code generates the same examples, so that a pull request only fails for what it changes;
`nightly` generates new ones each time. Failing examples are kept in the cache folder, and the next
run tries them first, also those of a workflow's last run if SHARED_VARIABLE names its repository.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

import pytest

from conformance.checking.options import options_of
from conformance.process.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from hypothesis import settings

    from conformance.project.configuration import Configuration

    Tried = TypeVar("Tried", bound=Callable[..., Any])

#: The environment variable with the GitHub repository, `owner/repository`, whose workflow shares
#: its failing examples. Reading them needs GITHUB_TOKEN, too.
SHARED_VARIABLE = "CONFORMANCE_SHARED_EXAMPLES"
#: Examples for each property of each table.
PROFILES = {"quick": 10, "thorough": 60, "nightly": 2_000}
#: Histories of each hypertable, and the maximum number of steps of a history.
HISTORIES = {"quick": 4, "thorough": 50, "nightly": 1_500}
STEPS = {"quick": 10, "thorough": 12, "nightly": 25}
#: Scenarios of each hypertable: concurrent sessions, and interrupted connections.
SCENARIOS = {"quick": 3, "thorough": 10, "nightly": 300}
#: Seconds for which a failing example is made simpler. After the first of them it gets hardly any
#: shorter, and a schema that is wrong in one way may fail in every table.
SHRINKING_SECONDS = {"quick": 2, "thorough": 2, "nightly": 300}
#: The seed of all profiles except `nightly`.
FIXED_SEED = 1
#: The upper limit of a random seed: short enough to be copied by hand.
_SEEDS = 10**9

_GENERATION = pytest.StashKey["Generation"]()
#: The key of the seed in the input of a pytest-xdist worker.
_WORKER_INPUT = "conformance_seed"


@dataclass(frozen=True)
class Generation:
    """How a run generates its examples.

    Attributes:
        profile: one of `PROFILES`.
        seed: the seed of all generated examples.
        wanted: the number of examples in `--examples`; None: the number of the profile.
        kept: the folder for this project's failing examples; None if it cannot be written.
        shared: `owner/repository` whose workflow shares its failing examples; may be empty.
    """

    profile: str
    seed: int
    wanted: int | None
    kept: Path | None
    shared: str = ""

    def as_data(self) -> dict[str, str | int]:
        """Profile, examples and seed, for the reports: they repeat the run."""
        wanted = {} if self.wanted is None else {"examples": self.wanted}
        return {"profile": self.profile, **wanted, "seed": self.seed}

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.as_data().items())

    def examples(self, by_profile: Mapping[str, int] = PROFILES) -> int:
        """The number of examples: that of `--examples`, else the profile's in `by_profile`."""
        return self.wanted or by_profile[self.profile]

    def settings_for(self, test: str, **more: Any) -> settings:
        """Hypothesis's settings for a test.

        Args:
            test: the id of the test; its failing examples are kept under the id.
            more: further settings of Hypothesis.
        """
        # Imported here: pytest warns of plugins that were imported before it starts.
        from hypothesis import HealthCheck, Phase, settings

        from conformance.checking.examples import database_for

        return settings(
            **{
                "max_examples": self.examples(),
                "database": database_for(test, self.kept, self.shared),
                "deadline": None,
                "report_multiple_bugs": False,
                # Explaining traces every line of what is tried after the first failure. That takes
                # most of the time, and no finding has the explanation.
                "phases": set(Phase) - {Phase.explain},
                "suppress_health_check": list(HealthCheck),
                **more,
            }
        )

    def has_failed(self, test: str) -> bool:
        """Whether a failing example of the test is kept; it may pass by now."""
        from conformance.checking.examples import has_examples

        return has_examples(test, self.kept, self.shared)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within it Hypothesis draws by the seed alone, and keeps to `SHRINKING_SECONDS`."""
        from hypothesis.internal.conjecture import engine
        from hypothesis.reporting import with_reporter

        from conformance.strategies.drawing import drawing

        # Hypothesis documents the limit as one to be patched, and reports that it is reached.
        seconds = SHRINKING_SECONDS[self.profile]
        limit = patch.object(engine, "MAX_SHRINKING_SECONDS", seconds)
        with drawing(), limit, with_reporter(lambda _: None):
            yield

    def seeded(self, test: Tried) -> Tried:
        """A `@given` function or a state machine that draws from the seed of this run.

        Apply it before the settings: Hypothesis's `seed` removes the database.
        """
        from hypothesis import seed

        return seed(self.seed)(test)


def generation_of(config: pytest.Config) -> Generation:
    """The generation of this session; a pytest-xdist worker uses that of its controller."""
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
    """Pass the controller's seed to a pytest-xdist worker."""
    worker_input[_WORKER_INPUT] = generation_of(config).seed


def _seed(config: pytest.Config, options: Configuration) -> int:
    """The seed of the options, else the fixed seed; a random one in `nightly`.

    Not Hypothesis's own option, which disables the database of failing examples.
    """
    worker_input: dict[str, int] = getattr(config, "workerinput", {})
    given = worker_input.get(_WORKER_INPUT, options.seed)
    if given is not None:
        return int(given)
    return secrets.randbelow(_SEEDS) if options.profile == "nightly" else FIXED_SEED


def _writable(folder: Path) -> Path | None:
    """Create the folder; None if it cannot be written, which must not fail the run."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.R_OK | os.W_OK | os.X_OK) else None


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
