"""Write docs/configuration.md and docs/configuration.schema.json from the table of keys.

python docs/generate_configuration.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from conformance.project.configuration import (  # noqa: E402 - the path is set above
    KEYS,
    Key,
    schema,
)

PAGE = ROOT / "docs" / "configuration.md"
SCHEMA = ROOT / "docs" / "configuration.schema.json"

HEAD = """\
# Configuration

Made by `python docs/generate_configuration.py` from `conformance/project/configuration.py`; do not
edit it. A test fails while it is stale.

A project says once what holds for every run, in its `pyproject.toml`:

```toml
[tool.conformance]
models = "app.models:Base.metadata"
alembic_ini = "alembic.ini"
engine = "embedded"
```

The nearest `pyproject.toml` that has the table counts, from the working directory upwards. Its
paths start at its own folder, and modules are imported from there as well as from the working
directory.

For every key four places are asked, in this order:

1. the option of the command: `--alembic-ini` for `alembic_ini`; as an option of pytest
   `--conformance-alembic-ini`,
2. the environment's variable, where the table below names one,
3. `pyproject.toml`,
4. the default.

`conformance upgrade` alone takes engine and image from its own options only: the server of an
upgrade is another one than that of a check. An `image` in `pyproject.toml` is that of containers.
It does not count where another engine is chosen.

An unknown key, and a value of another type, end every command with exit code 2 and one sentence.
[configuration.schema.json](configuration.schema.json) is the table as JSON Schema, for editors.

| key | value | default | |
| --- | --- | --- | --- |
"""


def row(key: Key) -> str:
    """One line of the table."""
    default = schema_default(key)
    variable = f" `${key.variable}` counts before it." if key.variable else ""
    return f"| `{key.name}` | {key.shape.words} | {default} | {key.help}{variable} |\n"


def schema_default(key: Key) -> str:
    """The default, as the table shows it."""
    if not key.default:
        return "none"
    return f"`{', '.join(key.default) if isinstance(key.default, tuple) else key.default}`"


def page() -> str:
    """The whole page."""
    return HEAD + "".join(map(row, KEYS.values()))


def schema_text() -> str:
    """The schema's file."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(schema_text(), encoding="utf-8")
