"""The conformance suite. Run it with pytest: `pytest --pyargs conformance.suite`."""

from conformance.extras import PackagesMissing, require

try:
    require("suite", "The suite")
except PackagesMissing as error:
    import pytest

    pytest.exit(f"conformance: {error}", returncode=2)
