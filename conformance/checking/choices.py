"""What a run of the suite is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.checking.options import as_arguments

JUNIT_FILE = "junit.xml"


@dataclass(frozen=True)
class Choices:
    """What is checked, and where; the suite's own options.

    Attributes:
        engine: `auto`, `embedded`, `container` or a database URL.
        image: the container's image; None: the default one.
        models: the metadata, `package.module:Base.metadata`.
        alembic_ini: Alembic's configuration.
        reports: the folder for the JUnit XML.
        writes: the module with the write path; None: `writes` in the package of the models.
        profile, seed, examples: how much is generated, and from what; None: the default.
        junit: the name of the JUnit XML in the folder.
    """

    engine: str
    image: str | None
    models: str
    alembic_ini: str
    reports: Path
    writes: str | None = None
    profile: str | None = None
    seed: int | None = None
    examples: int | None = None
    junit: str = JUNIT_FILE

    def for_pytest(self) -> list[str]:
        """As options of pytest."""
        options = as_arguments(**vars(self))
        options.append(f"--junitxml={self.reports / self.junit}")
        # Where a conftest.py may override fixtures; beside the suite's pytest.ini there is none.
        return [*options, f"--rootdir={Path.cwd()}", f"--confcutdir={Path.cwd()}"]
