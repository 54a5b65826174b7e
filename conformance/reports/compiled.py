"""Compiled templates in the cache folder: rendering takes a tenth of the time of compiling."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import FileSystemBytecodeCache

if TYPE_CHECKING:
    from jinja2.bccache import Bucket


def compiled_templates() -> FileSystemBytecodeCache | None:
    """The cache for an environment of Jinja; None where only an audit's packages are installed."""
    try:
        from conformance.process.cache import cache_folder
    except ImportError:
        return None
    return _Kept(str(cache_folder() / "templates"), "%s")


class _Kept(FileSystemBytecodeCache):
    """One file for each name of a template. Jinja compiles again if the template differs."""

    def get_cache_key(self, name: str, filename: str | None = None) -> str:  # noqa: ARG002
        """The key does not depend on where the package is installed."""
        return super().get_cache_key(name)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read the file, unless it cannot be read or is damaged."""
        try:
            super().load_bytecode(bucket)
        # Jinja unpickles what follows its mark, which may raise anything.
        except Exception:
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write the file, unless the folder cannot be written."""
        with suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)
