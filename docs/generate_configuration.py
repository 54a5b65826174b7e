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

`python docs/generate_configuration.py` writes this page from
`conformance/project/configuration.py`; do not edit it. A test fails while the page is stale.

A project configures all its runs in `pyproject.toml`:

```toml
[tool.conformance]
models = "app.models:Base.metadata"
alembic_ini = "alembic.ini"
engine = "embedded"
```

The tool reads the nearest `pyproject.toml` with this table, from the working directory upwards.
Paths in the table are relative to the folder of this file. Modules are imported from this folder
and from the working directory.

The value of a key comes from the first of these places:

1. the option of the command, such as `--alembic-ini` for `alembic_ini`; an option for a list may be
   given several times; pytest's option is `--conformance-alembic-ini`
2. the variable of the environment, if the table below names one
3. `pyproject.toml`
4. the default

`conformance upgrade` ignores the keys `engine` and `image`, because an upgrade needs another
server than a check; its own options count. The key `image` counts only if the engine is a
container.

An unknown key, or a value of a wrong type, ends every command with one sentence and exit code 2.
[configuration.schema.json](configuration.schema.json) is the table as a JSON Schema, for editors.
[Adopting it](adoption.md) says what `accepted`, `severities`, `leave`, `house_rules` and `baseline`
mean.

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
