"""`conformance`, and `python -m conformance`."""

from __future__ import annotations

import gc
import sys

from conformance.extras import PackagesMissing, require
from conformance.process.standard_library import put_first
from conformance.process.termination import raise_on_termination


def main() -> None:
    """Run the command line; if its packages are missing or too old, name what installs them."""
    try:
        # Importing runs callbacks in which Python drops a Ctrl-C.
        raise_on_termination()
        put_first()
        # Importing frees little: a collection for every 700 new objects takes a tenth of the time.
        gc.set_threshold(100_000)
        from conformance.cli import main as command
    except ImportError:
        _say_what_is_missing()
        raise
    except KeyboardInterrupt:
        sys.stderr.write("conformance: Interrupted.\n")
        sys.exit(2)
    try:
        command(prog_name="conformance")
    except ImportError:
        _say_what_is_missing()
        raise


def _say_what_is_missing() -> None:
    try:
        require("audit", "conformance")
    except PackagesMissing as error:
        sys.stderr.write(f"conformance: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
