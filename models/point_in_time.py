"""As-of reads: what was known at a moment, whatever was published later."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from models.macro_series import MacroSeries

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Select

#: SQLAlchemy 2.0 and 2.1 have no way in common to say it.
_LATEST = text("DISTINCT ON (macro_series.series_id, macro_series.observation_date)")


def as_of(
    moment: datetime,
    *,
    series_ids: Collection[int] | None = None,
    first: date | None = None,
    last: date | None = None,
) -> Select[Any]:
    """The query for the values of `macro_series` that were known at the moment.

    One row for each series and observation date that had been published by then, in that order:
    the one released last, at the moment itself at the latest; of several released together, the
    one with the highest revision number. Later releases never change the answer.

    The index of the natural key serves it: the rows of the series wanted are found in it, and
    sorting their revisions takes less time than reading them. An index with release_time in it
    was measured to save nothing, and compressed chunks would not have it.

    Args:
        moment: with a time zone.
        series_ids: the series wanted; None: all of them, an empty collection: none.
        first: the first observation date wanted.
        last: the last one.

    Raises:
        ValueError: the moment has no time zone, so that it is no moment.
        TypeError: the moment is no datetime, or an observation date is one.
    """
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is no moment: give a datetime with a time zone")
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} is no moment: give a datetime with a time zone")
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
