"""Whether a project configures Alembic, told without loading Alembic."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from pathlib import Path

#: The file in which Alembic 1.16 and later find what the ini file does not set.
PYPROJECT = "pyproject.toml"
#: The script location in an ini file or in pyproject.toml.
_LOCATION = re.compile(r"^script_location\s*=\s*['\"]?([^'\"\n]+?)['\"]?\s*$", re.MULTILINE)
_ELSEWHERE = re.compile(r"^version_locations\s*=", re.MULTILINE)


def says_none(ini: Path | str) -> bool:
    """Whether the project says that it has no migrations, or none that make the whole schema."""
    return Path(ini).name == "none"


def configures_alembic(ini: Path | str) -> bool:
    """Whether the ini file exists, or a pyproject.toml beside it configures Alembic."""
    path = Path(ini)
    if says_none(ini):
        return False
    in_its_place = path.name == PYPROJECT or not path.is_file()
    return _is_in(path.parent / PYPROJECT) if in_its_place else True


def is_newest(ini: Path | str, revision: str) -> bool:
    """Whether a file is this revision, and no file names it as one before; False if in doubt."""
    quoted = rf"['\"]{re.escape(revision)}['\"]"
    own = re.compile(rf"^revision\b[^#\n]*=\s*{quoted}", re.MULTILINE)
    folder = Path(ini).parent
    settings = [_text_of(file) for file in (Path(ini), folder / PYPROJECT)]
    if any(_ELSEWHERE.search(found) for found in settings):
        return False
    locations = [place for found in settings for place in _LOCATION.findall(found)]
    folders = {(folder / place.replace("%(here)s", ".")).resolve() for place in locations}
    texts = [_text_of(file) for place in folders for file in place.rglob("*.py")]
    named = [text for text in texts for _ in re.finditer(quoted, text)]
    return len(named) == 1 and own.search(named[0]) is not None


def _text_of(file: Path) -> str:
    """The text of the file; nothing where it cannot be read."""
    with suppress(OSError, ValueError):
        return file.read_text("utf-8")
    return ""


def elsewhere(folder: Path) -> list[str]:
    """The ini files of Alembic one or two folders below, as paths from this folder; sorted."""
    found = [file for depth in ("*", "*/*") for file in folder.glob(f"{depth}/alembic.ini")]
    paths = [file.relative_to(folder) for file in found]
    return sorted(
        path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts)
    )


def _is_in(pyproject: Path) -> bool:
    """Whether pyproject.toml configures Alembic."""
    try:
        found = tomllib.loads(pyproject.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return "alembic" in found.get("tool", {})
