"""Read the file that `conformance audit URL --sizes FILE` has written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import ConformanceError
from conformance.gate.evidence.sizes import sizes_of

if TYPE_CHECKING:
    from conformance.gate.evidence.sizes import Sizes


class SizesUnavailable(ConformanceError):
    """The file with the sizes cannot be used."""


def read_sizes(file: str) -> Sizes:
    """The sizes of a real database's tables, by name.

    Raises:
        SizesUnavailable: there is no such file, or it is something else.
    """
    try:
        return sizes_of(json.loads(Path(file).read_text("utf-8")))
    except OSError as error:
        reason = error.strerror or str(error)
    except json.JSONDecodeError as error:
        reason = f"it is not JSON ({error})"
    except ValueError as error:
        reason = str(error)
    raise SizesUnavailable(
        f"The sizes in {file} cannot be read: {reason}.",
        "Let conformance audit URL --sizes FILE write the file.",
    )
