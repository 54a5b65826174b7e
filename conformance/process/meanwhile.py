"""Import modules while the process waits for a server."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from threading import Thread


def import_meanwhile(*modules: str) -> None:
    """Import modules that are needed later, in a thread, and do not wait for them.

    An import statement waits for a module that is being imported, so that whoever needs one before
    gets it whole.
    """

    def run() -> None:
        # Who needs the module imports it again and meets the error.
        with suppress(Exception):
            for module in modules:
                import_module(module)

    # A process that is about to end does not wait for it either.
    Thread(target=run, daemon=True).start()
