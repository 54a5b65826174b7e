"""The checks. Run them with pytest: `pytest --pyargs conformance.suite`."""

import sys

from conformance.extras import PackagesMissing, require

try:
    require("suite", "The suite")
except PackagesMissing as error:
    # pytest would show an exception with a traceback, and end with another exit code.
    sys.stderr.write(f"conformance: {error}\n")
    sys.exit(2)
