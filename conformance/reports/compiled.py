"""Compiled templates in the cache folder: rendering takes a tenth of the time of compiling."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import FileSystemBytecodeCache

if TYPE_CHECKING:
    from jinja2 import Environment
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

    def get_bucket(
        self, environment: Environment, name: str, filename: str | None, source: str
    ) -> Bucket:
        """The key does not depend on where the package is installed, but on what is escaped."""
        del filename
        return super().get_bucket(environment, f"{name} {environment.autoescape}", None, source)

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
