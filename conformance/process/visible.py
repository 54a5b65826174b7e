"""Show what names of a database contain and a terminal, a browser or an editor would obey."""

from __future__ import annotations

import json
import re
from typing import Any

#: Control characters, and those that are not seen or change the direction of a line; but not tab
#: and newline, and not the joiners of emoji and of Persian, which change nothing else.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""The text with escapes such as `\u202e` for characters that are obeyed instead of shown.

    Source: Unicode, categories Cc, Cf, Zl, Zp and Cs.
    """
    return _UNSEEN.sub(lambda match: ascii(match[0])[1:-1], text)


def json_text(data: Any) -> str:
    """One JSON document that ends with a newline, in which such characters are JSON's escapes."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    return _UNSEEN.sub(lambda match: json.dumps(match[0])[1:-1], text) + "\n"
