"""What the rules can find: one stable code for each, with its severity.

An error is a promise that is broken, or rows that get lost. A warning is what leads there, or is in
vain, while nothing is wrong yet. A note is what some choose on purpose.
"""

from __future__ import annotations

from conformance.comparing.codes import ERROR, NOTE, WARNING, Code, by_name

#: Every code of these rules, in the order of the reports.
POLICY_CODES = by_name(
    Code("policy-owner", ERROR, "The owner of a policy or job cannot run it."),
    Code("chunks-referenced", ERROR, "A foreign key keeps policies from their chunks."),
    Code("integer-now-missing", ERROR, "Policies on integer time do not know what time it is."),
    Code("integer-now-far", WARNING, "The time of integer_now_func is far from the rows."),
    Code("retention-in-refresh", ERROR, "Retention drops rows that a refresh still reads."),
    Code("compression-in-refresh", NOTE, "Chunks are compressed that a refresh expects to change."),
    Code("refresh-too-rare", ERROR, "Buckets pass between two refreshes, and no run covers them."),
    Code("refresh-gap", WARNING, "Two refresh windows leave a gap between them."),
    Code("refresh-overlap", WARNING, "Two refresh windows overlap."),
    Code("retention-before-compression", WARNING, "Chunks are dropped before they are compressed."),
    Code("source-forgets", WARNING, "An aggregate keeps buckets longer than its source does."),
    Code("watermark-ahead", ERROR, "A real-time aggregate leaves out new rows."),
    Code("job-fails", ERROR, "The last run of a policy or job failed."),
    Code("chunks-late", ERROR, "A policy leaves chunks that it should have treated."),
    Code("index-invalid", ERROR, "An index was left behind half-built."),
    Code("aggregate-unreadable", ERROR, "A continuous aggregate cannot be read."),
    Code("view-empty", WARNING, "A materialized view was never filled."),
    Code("sequence-behind", ERROR, "The next value of a sequence is already in use."),
    Code("sequence-exhausted", ERROR, "A sequence has no number left."),
    Code("sequence-near-end", WARNING, "A sequence has few numbers left."),
)
