"""Run mutmut over the pure modules, and compare the survivors with tests/survivors.toml.

    python -I .ci/mutants.py [--again] [--max-children N] [MUTANT...]

mutmut makes one change at a time and runs the tests that reach the change. A change survives if
neither a test nor mypy notices it. A survivor fails the run unless the file names it with a reason.
A named survivor that is now noticed fails the run, too. [tool.mutmut] in pyproject.toml chooses the
modules and tests.

--again keeps the verdict on mutants that an earlier run has caught, if their function is unchanged.
It is for work on tests; CI runs from scratch, because a test may have been removed. MUTANT is a
pattern such as `*.gate.rules.*`: only these mutants are run and judged.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
_BIN = Path(sys.executable).parent
NAMED = ROOT / "tests" / "survivors.toml"
#: Where mutmut keeps mutants and results.
MUTANTS = ROOT / "mutants"
#: What mutmut itself renews: the modules, and what it knows of them.
_OF_MUTMUT = {".py", ".pyc", ".meta", ".spans"}
#: mutmut's words for a noticed change; a change that never ends counts as noticed.
_CAUGHT = {"killed", "caught by type check", "timeout"}
_RESULT = re.compile(r"^ *(?P<mutant>\S+__mutmut_\d+): (?P<status>.+)$", re.MULTILINE)
#: `x_name` for a function, `xǁClassǁname` for a method.
_MANGLED = re.compile(r"x(_|ǁ(?P<owner>\w+?)ǁ)(?P<name>\w+)__mutmut_\d+$")


@dataclass(frozen=True, order=True)
class Survivor:
    """A change that no test notices: the function, and its lines before and after the change."""

    function: str
    before: str
    after: str

    def __str__(self) -> str:
        return (
            f"[[survivor]]\nfunction = {self.function!r}\n"
            f"before = '''{self.before}'''\nafter = '''{self.after}'''\nreason = \"\"\n"
        )


def function_of(mutant: str) -> str:
    """`package.module.xǁClassǁmethod__mutmut_2` -> `package.module.Class.method`."""
    module, _, mangled = mutant.rpartition(".")
    match = _MANGLED.match(mangled)
    assert match is not None, mutant
    return ".".join(filter(None, (module, match["owner"], match["name"])))


def survivor_of(mutant: str, shown: str) -> Survivor:
    """The survivor of a difference that `mutmut show` prints."""
    changed = [line for line in shown.splitlines() if not line.startswith(("---", "+++"))]
    before, after = (
        "\n".join(line[1:].strip() for line in changed if line.startswith(sign)) for sign in "-+"
    )
    return Survivor(function_of(mutant), before, after)


def complaints(survived: Iterable[Survivor], named: Iterable[Survivor]) -> list[str]:
    """The errors: survivors without a name, and names of changes that no longer survive."""
    left, known = Counter(survived), Counter(named)
    new = [f"# no test notices:\n{survivor}" for survivor in sorted((left - known).elements())]
    old = [f"# is caught now:\n{survivor}" for survivor in sorted((known - left).elements())]
    return new + old


def read_named(text: str) -> list[Survivor]:
    """The survivors that the file names; each must have a reason."""
    entries = tomllib.loads(text).get("survivor", [])
    for entry in entries:
        if not entry["reason"].strip():
            raise SystemExit(f"{NAMED.name}: {entry['function']} has no reason")
    return [Survivor(entry["function"], entry["before"], entry["after"]) for entry in entries]


def mutmut(*arguments: str, show: bool = False) -> str:
    """The output of a mutmut command, which must succeed."""
    # mutmut calls mypy by `python -m mypy`.
    environment = {**os.environ, "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(  # noqa: S603 - our own arguments
        [_BIN / "mutmut", *arguments],
        cwd=ROOT, env=environment, stdout=None if show else subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"mutmut {arguments[0]} ends with {done.returncode}")
    return done.stdout or ""


def results() -> dict[str, str]:
    """Mutant -> its status, from all runs so far."""
    found = _RESULT.finditer(mutmut("results", "--all", "true"))
    return {item["mutant"]: item["status"] for item in found}


def run(*, again: bool, options: list[str], patterns: list[str]) -> dict[str, str]:
    """Run mutmut; return the status of each mutant that matches a pattern, or of all."""
    earlier: list[str] = []
    if again and MUTANTS.is_dir():
        earlier = _surviving(results())
        # mutmut never deletes a copied test, and records only once which functions a test reaches:
        # removed tests would still run, and changed tests would keep their old record.
        shutil.rmtree(MUTANTS / "tests", ignore_errors=True)
        # Neither does it copy a template or a query again.
        for path in (MUTANTS / "conformance").rglob("*"):
            if path.is_file() and path.suffix not in _OF_MUTMUT:
                path.unlink()
        (MUTANTS / "mutmut-stats.json").unlink(missing_ok=True)
    else:
        shutil.rmtree(MUTANTS, ignore_errors=True)
    mutmut("run", *options, *patterns, show=True)
    # mutmut by itself runs again only changed functions, and mutants that are named.
    still = {*earlier} & {*_surviving(results())}
    if still and not patterns:
        mutmut("run", *options, *sorted(still), show=True)
    return {
        mutant: status
        for mutant, status in results().items()
        if not patterns or any(fnmatch(mutant, pattern) for pattern in patterns)
    }


def _surviving(found: dict[str, str]) -> list[str]:
    return [mutant for mutant, status in found.items() if status not in _CAUGHT]


def main(arguments: list[str]) -> int:
    """Run mutmut; return 0 if the survivors are those that the file names."""
    parser = argparse.ArgumentParser(prog="mutants", description="Which changes no test notices.")
    parser.add_argument("--again", action="store_true", help="keep what an earlier run caught")
    parser.add_argument("--max-children", metavar="N", help="number of processes")
    parser.add_argument("mutants", nargs="*", metavar="MUTANT", help="a pattern")
    given = parser.parse_args(arguments)
    named = read_named(NAMED.read_text(encoding="utf-8"))
    options = [f"--max-children={given.max_children}"] if given.max_children else []
    found = run(again=given.again, options=options, patterns=given.mutants)
    survived = [survivor_of(mutant, mutmut("show", mutant)) for mutant in _surviving(found)]
    if given.mutants:
        tried = {function_of(mutant) for mutant in found}
        named = [survivor for survivor in named if survivor.function in tried]
    wrong = complaints(survived, named)
    print(
        f"\nof {len(found)} mutants {len(survived)} survive, "
        f"{len(named)} are named in {NAMED.relative_to(ROOT)}"
    )
    print(*wrong, sep="\n", end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
