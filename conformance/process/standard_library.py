"""Import the standard library before a project's own modules, which may have the same names."""

from __future__ import annotations

import sys
import sysconfig
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


#: The arguments are the folder that contains this package, and the module to run.
_START = """
import runpy, sys
root, module = sys.argv[1:]
sys.path.append(root)
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


class _StandardLibraryFirst:
    """Finds modules of the standard library, whatever comes first on the path."""

    def __init__(self) -> None:
        homes = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
        self._path = [
            entry
            for entry in sys.path
            if "site-packages" not in entry
            and any(entry == home or entry.startswith((f"{home}/", f"{home}\\")) for home in homes)
        ]

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find a module; Python calls this for every module that is not imported yet."""
        if path is not None:
            return None
        if fullname == "alembic":
            installed = [entry for entry in sys.path if Path(entry).name.endswith("-packages")]
            return PathFinder.find_spec(fullname, installed, target)
        if fullname not in sys.stdlib_module_names:
            return None
        return PathFinder.find_spec(fullname, self._path, target)


def command(module: str) -> list[str]:
    """The command that runs a module of this package in another process.

    Not `python -m`, which would search the working directory first.
    """
    return [sys.executable, "-P", "-c", _START, str(Path(__file__).parents[2]), module]


def put_first() -> None:
    """Prefer the standard library to modules of the project with the same names.

    Alembic's `prepend_sys_path`, Flask and `python -m` put the project's folder first on the path.
    Alembic itself is preferred, too: a folder of migrations is often called `alembic`, and
    `alembic init --package` makes it a package.
    """
    if not any(isinstance(finder, _StandardLibraryFirst) for finder in sys.meta_path):
        sys.meta_path.insert(0, _StandardLibraryFirst())
