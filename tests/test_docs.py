"""The documentation is true: links lead somewhere, commands exist, generated pages are fresh."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from conformance.cli import main
from conformance.comparing import messages
from conformance.comparing.facts import KINDS

ROOT = Path(__file__).parents[1]
#: Folders that hold nothing of ours, or copies of it.
NOT_OURS = {"build", "dist", "findings", "mutants", "node_modules"}

DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(
        part.startswith(".") or part in NOT_OURS for part in path.relative_to(ROOT).parts[:-1]
    )
)
FENCED = re.compile(r"^( *)```(?P<language>\w*)\n(?P<text>.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")

each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def prose(document: Path) -> str:
    """The text without its fenced blocks."""
    return FENCED.sub("", document.read_text(encoding="utf-8"))


def commands(document: Path) -> list[list[str]]:
    """What is shown in `console` blocks and in code spans, as words, without prompts."""
    text = document.read_text(encoding="utf-8")
    shown = [line for block in FENCED.finditer(text) if block["language"] == "console"
             for line in block["text"].replace("\\\n", " ").splitlines()]  # fmt: skip
    shown += SPAN.findall(prose(document))
    return [words for line in shown if (words := split(line))]


def split(line: str) -> list[str]:
    try:
        return shlex.split(line.strip().removeprefix("$ "), comments=True)
    except ValueError:
        return []


def anchors(document: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_document
def test_links_lead_somewhere(document):
    broken = []
    for link in LINK.finditer(prose(document)):
        target, _, anchor = link["target"].partition("#")
        if ":" in target:
            continue
        path = (document.parent / target).resolve() if target else document
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link["target"])
    assert broken == []


@each_document
def test_make_targets_exist(document):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        word
        for words in commands(document)
        if words[0] == "make"
        for word in words[1:2]
        if "=" not in word and not word.startswith("-")
    }
    assert named - targets == set()


@each_document
def test_commands_and_their_options_exist(document):
    unknown = []
    for words in commands(document):
        if words[0] != "conformance" or len(words) < 2 or words[1].startswith("-"):
            continue
        command = main.get_command(None, words[1])
        if command is None:
            unknown.append(" ".join(words))
            continue
        options = [word.partition("=")[0] for word in words[2:] if word.startswith("--")]
        known = {name for option in command.params for name in option.opts}
        unknown += [f"{words[1]} {option}" for option in options if option not in known]
    assert unknown == []


@each_document
def test_options_of_pytest_exist(document):
    unknown = [
        option
        for words in commands(document)
        if words[0] == "pytest"
        for word in words[1:]
        if (option := word.partition("=")[0]).startswith("--") and option not in pytest_options()
    ]
    assert unknown == []


@cache
def pytest_options() -> set[str]:
    command = [sys.executable, "-m", "pytest", "-p", "conformance.pytest_plugin", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(re.findall(r"--[a-z-]+", shown.stdout))


@each_document
def test_configurations_are_valid(document):
    schema = json.loads((ROOT / "docs/configuration.schema.json").read_text(encoding="utf-8"))
    for block in FENCED.finditer(document.read_text(encoding="utf-8")):
        if block["language"] == "toml":
            table = tomllib.loads(block["text"]).get("tool", {}).get("conformance", {})
            # A schema knows a date of TOML as a string with the format of a date.
            jsonschema.validate(json.loads(json.dumps(table, default=str)), schema)


def generator_named(name):
    specification = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generator():
    return generator_named("generate_checks")


def test_the_catalogue_is_fresh(generator):
    stale = "run: python docs/generate_checks.py"
    assert generator.CATALOGUE.read_text(encoding="utf-8") == generator.catalogue(), stale


def test_the_catalogue_has_every_kind_and_every_cause(generator):
    text = generator.catalogue()
    for kind in KINDS:
        assert f"\n## {kind}\n" in text
    for cause in messages._CAUSES.values():
        assert generator.cell(cause) in text


def test_the_page_of_the_census_is_fresh():
    generator = generator_named("generate_census")
    stale = "run: python docs/generate_census.py"
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), stale
