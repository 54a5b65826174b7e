"""The verdicts of audits as OpenMetrics text, for a scheduler and an alert.

The text is valid as OpenMetrics 1.0 and as Prometheus' own format, because node_exporter reads
files of the latter: all metrics are gauges.

Source: OpenMetrics 1.0, "Text format"; Prometheus' documentation, "Exposition formats".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.codes import ERROR, WARNING
from conformance.process.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.comparing.verdict import Verdict

    _Samples = Iterator[tuple[dict[str, str], float]]

_PREFIX = "conformance_"


def render(verdicts: Iterable[tuple[str, Verdict]], now: float) -> str:
    """Return the metrics of each database; the text ends with `# EOF`.

    Args:
        verdicts: each with the name of its database.
        now: seconds since 1970.
    """
    known = list(verdicts)
    lines = [
        *_family("verdict", "0 conforms, 1 differs, 2 could not run.", _verdicts(known)),
        *_family("findings", "Findings that count, by severity.", _findings(known)),
        *_family("accepted_findings", "Findings that do not count.", _accepted(known)),
        *_family("not_checked", "Facts that could not be decided.", _not_checked(known)),
        *_family("duration_seconds", "How long the audit took.", _durations(known), "seconds"),
        *_family(
            "timestamp_seconds",
            "When the audit ended, in seconds since 1970.",
            (({"database": name}, now) for name, _ in known),
            "seconds",
        ),
        "# EOF",
    ]
    return "\n".join(lines) + "\n"


def _verdicts(known: list[tuple[str, Verdict]]) -> _Samples:
    return (({"database": name}, verdict.exit_code) for name, verdict in known)


def _findings(known: list[tuple[str, Verdict]]) -> _Samples:
    """Without a verdict the number is unknown, and 0 would be a lie."""
    for name, verdict in known:
        if verdict.could_not_run is None:
            for severity in (ERROR, WARNING):
                number = sum(finding.severity == severity for finding in verdict.findings)
                yield {"database": name, "severity": severity}, number


def _accepted(known: list[tuple[str, Verdict]]) -> _Samples:
    for name, verdict in known:
        if verdict.could_not_run is None:
            yield {"database": name}, len(verdict.accepted) + len(verdict.old)


def _not_checked(known: list[tuple[str, Verdict]]) -> _Samples:
    for name, verdict in known:
        if verdict.could_not_run is None:
            yield {"database": name}, len(verdict.not_checked)


def _durations(known: list[tuple[str, Verdict]]) -> _Samples:
    return (({"database": name}, round(verdict.seconds, 3)) for name, verdict in known)


def _family(name: str, help_: str, samples: _Samples, unit: str = "") -> Iterator[str]:
    yield f"# HELP {_PREFIX}{name} {help_}"
    yield f"# TYPE {_PREFIX}{name} gauge"
    if unit:
        yield f"# UNIT {_PREFIX}{name} {unit}"
    for labels, value in samples:
        written = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{_PREFIX}{name}{{{written}}} {value!r}"


def _escaped(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
