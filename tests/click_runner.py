"""click's runner of commands, with standard error apart from standard output in every version."""

from __future__ import annotations

import inspect
from functools import partial

from click import testing

# click 8.2 and later keeps them apart without being told.
CliRunner = (
    partial(testing.CliRunner, mix_stderr=False)
    if "mix_stderr" in inspect.signature(testing.CliRunner).parameters
    else testing.CliRunner
)
