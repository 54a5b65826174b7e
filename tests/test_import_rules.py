"""The stages of the data's way import each other in one direction only.

    models -> expected -> comparison <- observed <- engine, then comparison -> findings -> reports

A rule looks at every import that is written down, wherever it stands. Where a rule follows
imports, what is imported must keep it too; an import for type checkers alone is not followed,
since it never runs.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import conformance

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]

#: Modules of the standard library that compute and do nothing else.
PURE = (
    "__future__", "abc", "collections", "copy", "dataclasses", "datetime", "decimal", "enum",
    "functools", "hashlib", "itertools", "json", "math", "operator", "re", "textwrap", "types",
    "typing",
    # The package's face loads with it what somebody asks for; the package itself loads nothing.
    "importlib.import_module",
)  # fmt: skip
STANDARD_LIBRARY = tuple(sys.stdlib_module_names)


@dataclass(frozen=True)
class Rule:
    """What some modules may not import.

    Attributes:
        modules: the modules it is about: this one and all below it.
        forbidden: names, each with all below it; the empty name is every module.
        allowed: exceptions from `forbidden`.
        followed: whether what is imported must keep the rule as well.
    """

    name: str
    modules: str
    forbidden: tuple[str, ...]
    allowed: tuple[str, ...] = ()
    followed: bool = False

    def forbids(self, name: str) -> bool:
        return _is_below(name, self.forbidden) and not _is_below(name, self.allowed)


#: Pure: facts, their comparison, and what findings are made of.
_COMPARING = (
    "conformance.comparing",
    "conformance.intervals",
    "sqlalchemy.dialects.postgresql.base.RESERVED_WORDS",
)

#: The modules that make statements of facts; the others read databases and write files.
PURE_MENDING = (
    "casts", "chunks", "columns", "comments", "compression", "constraints", "extensions",
    "functions", "hypertables", "indexes", "jobs", "plan", "policies", "privileges", "remaking",
    "renaming", "report", "revision", "scene", "schemas", "sequences", "settings", "skipping",
    "sql", "storage", "tables", "target", "triggers", "types", "unclear", "views",
)  # fmt: skip

RULES = (
    Rule(
        "models take only the declarations from conformance",
        "models",
        forbidden=("conformance", "tests", "benchmarks"),
        allowed=(
            "conformance.declarations",
            *(f"conformance.{name}" for name in conformance.__all__),
        ),
    ),
    Rule(
        "conformance knows no project: neither its models nor its migrations",
        "conformance",
        forbidden=("models", "alembic.env", "alembic.versions", "tests", "benchmarks"),
    ),
    Rule(
        "declarations import SQLAlchemy and intervals only",
        "conformance.declarations",
        forbidden=("",),
        allowed=(
            "sqlalchemy",
            "conformance.declarations",
            "conformance.intervals",
            *STANDARD_LIBRARY,
        ),
        followed=True,
    ),
    Rule(
        "comparing is pure",
        "conformance.comparing",
        forbidden=("",),
        allowed=(*_COMPARING, *PURE),
        followed=True,
    ),
    Rule(
        "expected facts come without a database",
        "conformance.expected",
        forbidden=("conformance", "psycopg2", "sqlalchemy.engine"),
        allowed=("conformance.expected", "conformance.declarations", *_COMPARING),
        followed=True,
    ),
    Rule(
        "observed facts come without the models' promises",
        "conformance.observed",
        forbidden=("conformance",),
        allowed=("conformance.observed", "conformance.errors", *_COMPARING),
        followed=True,
    ),
    *(
        Rule(
            f"what inspect prints comes from facts alone: {name}",
            f"conformance.inspecting.{name}",
            forbidden=("conformance", "psycopg2", "sqlacodegen", "sqlalchemy.engine"),
            allowed=(
                "conformance.inspecting",
                "conformance.declarations",
                "conformance.literals",
                *_COMPARING,
            ),
            followed=True,
        )
        for name in ("pasting", "tables")
    ),
    Rule(
        "strategies do no input and output",
        "conformance.strategies",
        forbidden=("conformance", "psycopg2", "alembic", "pytest", "sqlalchemy.engine"),
        allowed=(
            "conformance.strategies",
            "conformance.declarations",
            "conformance.expected",
            *_COMPARING,
        ),
        followed=True,
    ),
    Rule(
        "what the gate makes of its evidence is pure",
        "conformance.gate.rules",
        forbidden=("",),
        allowed=(
            "conformance.gate.rules",
            "conformance.gate.evidence",
            "conformance.project.notices",
            *_COMPARING,
            *PURE,
        ),
        followed=True,
    ),
    Rule(
        "changes of an upgrade are pure",
        "conformance.upgrade.changes",
        forbidden=("",),
        allowed=("conformance.upgrade.report", "conformance.upgrade.state", *_COMPARING, *PURE),
        followed=True,
    ),
    Rule(
        "what a project makes of an upgrade is pure",
        "conformance.upgrade.adopted",
        forbidden=("",),
        allowed=("conformance.upgrade.report", *_COMPARING, *PURE),
        followed=True,
    ),
    Rule(
        "known gaps that an upgrade closes or opens are pure",
        "conformance.upgrade.gaps",
        forbidden=("",),
        allowed=("conformance.known_gaps", "conformance.upgrade.report", *_COMPARING, *PURE),
        followed=True,
    ),
    *(
        Rule(
            f"what mends {module} is made of facts alone",
            f"conformance.mending.{module}",
            forbidden=("conformance", "psycopg2", "sqlalchemy", "alembic"),
            allowed=(
                "conformance.gate.evidence.report.GateReport",
                "conformance.literals",
                "sqlalchemy.sql.compiler.BIND_PARAMS",
                "sqlalchemy.sql.compiler.BIND_PARAMS_ESC",
                *(f"conformance.mending.{other}" for other in PURE_MENDING),
                *_COMPARING,
            ),
            followed=True,
        )
        for module in PURE_MENDING
    ),
    Rule(
        "what starts and ends a process stands below everything else",
        "conformance.process",
        forbidden=("conformance",),
        allowed=("conformance.process", "conformance.errors"),
    ),
    Rule(
        "reports see data only",
        "conformance.reports",
        forbidden=("conformance", "sqlalchemy", "alembic", "psycopg2", "docker", "testcontainers"),
        allowed=(
            "conformance.reports",
            *_COMPARING,
            "conformance.errors",
            "conformance.gate.evidence.amounts",
            "conformance.gate.evidence.codes",
            "conformance.gate.evidence.copy",
            "conformance.gate.evidence.report",
            "conformance.intervals",
            "conformance.pages",
            "conformance.process.cache",
            "conformance.mending.report",
            "conformance.process.output",
            "conformance.process.printing",
            "conformance.process.progress",
            "conformance.process.visible",
            "conformance.upgrade.report",
        ),
        followed=True,
    ),
    Rule(
        "places in the source come without running anything",
        "conformance.places",
        forbidden=("conformance", "alembic", "psycopg2", "sqlalchemy.engine"),
        allowed=("conformance.places", "conformance.gate.evidence", *_COMPARING),
        followed=True,
    ),
    Rule(
        "what the gate reports is data",
        "conformance.gate.evidence",
        forbidden=("",),
        allowed=(
            "conformance.gate.evidence",
            "conformance.gate.revisions.new.Revision",
            "conformance.population.sequences_behind.LaggingSequence",
            *_COMPARING,
            *PURE,
        ),
        followed=True,
    ),
)


@dataclass(frozen=True)
class Import:
    """One name that a module imports: `package.module`, or `package.module.name`."""

    name: str
    line: int
    typing_only: bool


class _Imports(ast.NodeVisitor):
    def __init__(self, module: str, *, is_package: bool) -> None:
        self.package = module.split(".") if is_package else module.split(".")[:-1]
        self.typing_only = False
        self.found: list[Import] = []

    def visit_If(self, node: ast.If) -> None:
        before = self.typing_only
        self.typing_only = before or ast.unparse(node.test).endswith("TYPE_CHECKING")
        for child in node.body:
            self.visit(child)
        self.typing_only = before
        for child in node.orelse:
            self.visit(child)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        start = self.package[: len(self.package) - node.level + 1] if node.level else []
        source = ".".join([*start, *(node.module or "").split(".")]).strip(".")
        for alias in node.names:
            self._add(f"{source}.{alias.name}", node)

    def visit_Call(self, node: ast.Call) -> None:
        """`import_module("...")` and `__import__("...")` with the name written out."""
        function = ast.unparse(node.func).rpartition(".")[2]
        if function in ("import_module", "__import__") and node.args:
            (name, *_) = node.args
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                self._add(name.value, node)
        self.generic_visit(node)

    def _add(self, name: str, node: ast.AST) -> None:
        self.found.append(Import(name, getattr(node, "lineno", 0), self.typing_only))


class Sources:
    """The modules below a folder, by their names."""

    def __init__(self, root: Path, packages: tuple[str, ...] = ("conformance", "models")) -> None:
        self.root = root
        self.paths = {
            _module_name(path.relative_to(root)): path
            for package in packages
            for path in sorted((root / package).rglob("*.py"))
        }
        self._imports: dict[str, list[Import]] = {}

    def below(self, name: str) -> list[str]:
        return [module for module in self.paths if _is_below(module, (name,))]

    def imports(self, module: str) -> list[Import]:
        if module not in self._imports:
            path = self.paths[module]
            visitor = _Imports(module, is_package=path.name == "__init__.py")
            visitor.visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
            self._imports[module] = visitor.found
        return self._imports[module]

    def run_by(self, name: str) -> Iterator[str]:
        """Our modules that run when the name is imported: it, and the packages around it."""
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            module = ".".join(parts[:length])
            if module in self.paths:
                yield module

    def violations(self, rule: Rule) -> list[str]:
        """`conformance/facts.py:8 imports sqlalchemy.text`, in the order of the files."""
        starts = self.below(rule.modules)
        seen = set(starts)
        waiting = deque((start, "") for start in starts)
        found: list[str] = []
        while waiting:
            module, way = waiting.popleft()
            for item in self.imports(module):
                if item.typing_only and way:
                    continue
                if rule.forbids(item.name):
                    where = f"{self.paths[module].relative_to(self.root)}:{item.line}"
                    found.append(f"{where} imports {item.name}{way}")
                elif rule.followed and not item.typing_only:
                    for after in self.run_by(item.name):
                        if after not in seen:
                            seen.add(after)
                            waiting.append((after, f"{way or f', imported by {module}'}"))
        return found


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_below(name: str, names: tuple[str, ...]) -> bool:
    return any(not top or name == top or name.startswith(f"{top}.") for top in names)


@pytest.fixture(scope="module")
def project() -> Sources:
    return Sources(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name.replace(" ", "-"))
def test_the_project_keeps_the_rule(project, rule):
    assert project.below(rule.modules), f"{rule.modules} has been moved; the rule is about nothing"
    assert project.violations(rule) == []


def test_migrations_import_nothing_of_ours():
    """They are a witness of their own; env.py alone knows the models, for autogenerate."""
    sources = Sources(ROOT, ("alembic/versions",))
    rule = Rule("", "", forbidden=("models", "conformance"))
    assert sources.paths
    assert [found for module in sources.paths for found in _direct(sources, module, rule)] == []


def _direct(sources: Sources, module: str, rule: Rule) -> list[str]:
    return [item.name for item in sources.imports(module) if rule.forbids(item.name)]


# The checker itself, on made-up modules.

PURE_RULE = Rule(
    "pure",
    "conformance.pure",
    forbidden=("",),
    allowed=("conformance.facts", "conformance.sub", "typing"),
    followed=True,
)


@pytest.fixture
def made_up(tmp_path):
    """Write `{"conformance.facts": "import os"}` as modules, and give their sources."""

    def write(modules: dict[str, str]) -> Sources:
        for name, code in modules.items():
            path = tmp_path.joinpath(*name.split("."))
            is_package = any(other.startswith(f"{name}.") for other in modules)
            path = path / "__init__.py" if is_package else path.with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code, encoding="utf-8")
        return Sources(tmp_path)

    return write


def test_a_forbidden_import_is_found(made_up):
    sources = made_up({"conformance.pure": "import typing\nimport os.path\n"})
    assert sources.violations(PURE_RULE) == ["conformance/pure.py:2 imports os.path"]


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    import sqlalchemy",
        "try:\n    from sqlalchemy import text\nexcept ImportError:\n    pass",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sqlalchemy import text",
        "import typing\nif typing.TYPE_CHECKING:\n    import sqlalchemy",
        "if True:\n    pass\nelse:\n    import sqlalchemy",
        "from . import engines",
        "from .engines import url",
        "__import__('sqlalchemy')",
    ],
    ids=["function", "try", "typing", "typing-dotted", "else", "relative", "relative-from", "call"],
)
def test_an_import_is_found_wherever_it_stands(made_up, code):
    sources = made_up({"conformance.pure": code, "conformance.engines": ""})
    assert len(sources.violations(PURE_RULE)) == 1


def test_an_import_is_followed(made_up):
    sources = made_up(
        {
            "conformance.pure": "from conformance.facts import Fact",
            "conformance.facts": "import typing\nfrom conformance import sub",
            "conformance.sub": "import typing",
            "conformance.sub.deep": "",
        }
    )
    assert sources.violations(PURE_RULE) == []
    sources = made_up(
        {"conformance.sub": "from sqlalchemy import text", "conformance.sub.deep": ""}
    )
    assert sources.violations(PURE_RULE) == [
        "conformance/sub/__init__.py:1 imports sqlalchemy.text, imported by conformance.pure"
    ]


def test_an_import_of_a_submodule_runs_its_package(made_up):
    sources = made_up(
        {
            "conformance.pure": "from conformance.sub.deep import x",
            "conformance.sub": "import psycopg2",
            "conformance.sub.deep": "x = 1",
        }
    )
    assert len(sources.violations(PURE_RULE)) == 1


def test_what_only_type_checkers_import_is_not_followed(made_up):
    sources = made_up(
        {
            "conformance.pure": "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    from conformance.facts import Fact",
            "conformance.facts": "import sqlalchemy",
        }
    )
    assert sources.violations(PURE_RULE) == []


def test_a_longer_name_is_another_module(made_up):
    rule = Rule("", "conformance", forbidden=("models",))
    sources = made_up({"conformance.project.models": "import models_of_mine\nfrom x import models"})
    assert sources.violations(rule) == []
