"""As-of reads: the values that were known at a moment, without later publications."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from models.macro_series import MacroSeries

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Select

#: SQLAlchemy 2.0 and 2.1 have no common API for DISTINCT ON.
_LATEST = text("DISTINCT ON (macro_series.series_id, macro_series.observation_date)")


def as_of(
    moment: datetime,
    *,
    series_ids: Collection[int] | None = None,
    first: date | None = None,
    last: date | None = None,
) -> Select[Any]:
    """The query for the values of `macro_series` that were known at the moment.

    The query returns one row for each series and observation date, ordered by these. The row is the
    last one that was released at the moment or before. If several rows were released together, the
    row is the one with the highest revision number. Later releases never change the result.

    The query uses the index of the natural key. Sorting the revisions of a series takes less time
    than reading them. An index with release_time saved nothing when it was measured, and compressed
    chunks would not have the index.

    Args:
        moment: with a time zone.
        series_ids: the wanted series; None means all series, an empty collection means no series.
        first: the first wanted observation date.
        last: the last wanted observation date.

    Raises:
        ValueError: the moment has no time zone.
        TypeError: the moment is not a datetime, or an observation date is a datetime.
    """
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is not a moment: give a datetime with a time zone")
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} is not a moment: give a datetime with a time zone")
    if isinstance(first, datetime) or isinstance(last, datetime):
        raise TypeError("observation dates have no time: give dates")
    query = (
        select(MacroSeries)
        .prefix_with(_LATEST)
        .where(MacroSeries.release_time <= moment)
        .order_by(
            MacroSeries.series_id,
            MacroSeries.observation_date,
            MacroSeries.release_time.desc(),
            MacroSeries.revision_number.desc(),
        )
    )
    if series_ids is not None:
        query = query.where(MacroSeries.series_id.in_(series_ids))
    if first is not None:
        query = query.where(MacroSeries.observation_date >= first)
    if last is not None:
        query = query.where(MacroSeries.observation_date <= last)
    return query
