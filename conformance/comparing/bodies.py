"""The bodies of functions, compared by a digest."""

from __future__ import annotations

from hashlib import sha256


def digest_of(body: str) -> str:
    """`sha256:...` of the body; indentation and empty lines do not count."""
    lines = (line.strip() for line in body.splitlines())
    text = "\n".join(line for line in lines if line)
    return f"sha256:{sha256(text.encode()).hexdigest()}"
