"""Small results in the cache folder, so that the next run need not compute them."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from conformance.errors import ConformanceError
from conformance.process.cache import cache_folder, last_used
from conformance.process.output import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def kept(name: str, key: str, make: Callable[[], Any], *, most: int = 20) -> Any:
    """The result for the key: the kept one, else a new one, which is then kept.

    Args:
        name: the kind of result, a short word.
        key: everything that the result depends on.
        make: computes the result, which JSON can hold. A folder that cannot be written is no error.
        most: the number of results of this name that are kept.
    """
    folder = cache_folder() / name
    file = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    with suppress(OSError, ValueError):
        return json.loads(file.read_text("utf-8"))
    made = make()
    with suppress(ConformanceError, OSError):
        write(file, json.dumps(made))
        _prune(folder, most)
    return made


def _prune(folder: Path, most: int) -> None:
    files = sorted(folder.glob("*.json"), key=last_used, reverse=True)
    for file in files[most:]:
        file.unlink(missing_ok=True)
