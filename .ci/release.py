"""The notes of a release: the section of CHANGELOG.md for the tag's version.

    python -I .ci/release.py v1.2.3

pyproject.toml alone has the version. If the tag has another version, or the changelog lacks the
version, the script fails and nothing is published.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def notes(tag: str, pyproject: str, changelog: str) -> str:
    """The section's text, without its heading.

    Raises:
        ValueError: the tag has another version, or the section is missing or empty.
    """
    version = tomllib.loads(pyproject)["project"]["version"]
    if tag != f"v{version}":
        raise ValueError(f"The tag is {tag}, and the version in pyproject.toml is {version}.")
    heading = rf"^## \[?{re.escape(version)}\]?( [^\n]*)?\n"
    section = re.search(rf"{heading}(?P<text>.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if section is None or not section["text"].strip():
        raise ValueError(f"CHANGELOG.md has nothing under '## {version}'.")
    return section["text"].strip() + "\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(
            notes(
                sys.argv[1],
                (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
                (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
            )
        )
    except ValueError as error:
        sys.exit(str(error))
