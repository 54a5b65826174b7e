"""An as-of read returns the values that were known at a moment, despite later releases."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from models import MacroSeries
from models.point_in_time import as_of
from models.writes import insert_new, upsert


def release(desk, value, hours=0, **values):
    """A row of `macro_series`, released so many hours after noon."""
    return {
        "series_id": desk.series[0],
        "observation_date": desk.day,
        "revision_number": 0,
        "release_time": desk.noon + timedelta(hours=hours),
        "value": value,
    } | values


def known(connection, moment, **narrowing):
    """What the query answers: series, observation date and value."""
    rows = connection.execute(as_of(moment, **narrowing))
    return [(row.series_id, row.observation_date, row.value) for row in rows]


def values(connection, moment, **narrowing):
    return [value for _, _, value in known(connection, moment, **narrowing)]


def test_a_value_is_known_from_its_release_on(connection, desk):
    insert_new(connection, MacroSeries, [release(desk, 1.0)])
    instant = timedelta(microseconds=1)
    assert values(connection, desk.noon - instant) == []
    assert values(connection, desk.noon) == [1.0]
    abroad = desk.noon.astimezone(timezone(timedelta(hours=-3)))
    assert values(connection, abroad - instant) == []
    assert values(connection, abroad) == [1.0]


def test_a_revision_counts_from_its_own_release_on(connection, desk):
    insert_new(
        connection,
        MacroSeries,
        [release(desk, 1.0), release(desk, 1.1, 24, revision_number=1)],
    )
    assert values(connection, desk.noon + timedelta(hours=23)) == [1.0]
    assert values(connection, desk.noon + timedelta(hours=24)) == [1.1]


def test_of_releases_at_the_same_time_the_highest_revision_counts(connection, desk):
    numbers = [2, 0, 10, 1]
    rows = [release(desk, float(number), revision_number=number) for number in numbers]
    insert_new(connection, MacroSeries, rows)
    assert values(connection, desk.noon) == [10.0]


def test_the_last_release_counts_whatever_its_number(connection, desk):
    """A source may number its revisions anew; when a value became known cannot be renumbered."""
    rows = [release(desk, 1.0, 0, revision_number=5), release(desk, 2.0, 1, revision_number=1)]
    insert_new(connection, MacroSeries, rows)
    assert values(connection, desk.noon + timedelta(hours=1)) == [2.0]


def test_narrowing(connection, desk):
    days = [desk.day + timedelta(days=number) for number in range(4)]
    insert_new(
        connection,
        MacroSeries,
        [
            release(desk, number + 10.0 * place, series_id=series, observation_date=day)
            for place, series in enumerate(desk.series)
            for number, day in reversed(list(enumerate(days)))
        ],
    )
    moment, (cpi, gdp) = desk.noon, desk.series
    assert values(connection, moment) == [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0]
    assert values(connection, moment, series_ids=[gdp]) == [10.0, 11.0, 12.0, 13.0]
    assert values(connection, moment, series_ids=[]) == []
    assert values(connection, moment, first=days[3]) == [3.0, 13.0]
    assert values(connection, moment, series_ids={cpi}, first=days[1], last=days[2]) == [1.0, 2.0]
    assert values(connection, moment, first=days[2], last=days[1]) == []
    assert values(connection, moment, series_ids=[cpi, gdp], last=days[0]) == [0.0, 10.0]


def test_a_session_gets_objects(connection, desk):
    insert_new(connection, MacroSeries, [release(desk, 1.0)])
    (found,) = Session(connection).scalars(as_of(desk.noon))
    assert (found.value, found.release_time) == (1.0, desk.noon)


@pytest.mark.parametrize(
    ("moment", "error"),
    [
        (datetime(2024, 1, 10), ValueError),  # noqa: DTZ001
        (date(2024, 1, 10), TypeError),
        ("2024-01-10", TypeError),
    ],
    ids=["naive", "date", "text"],
)
def test_what_is_no_moment(moment, error):
    with pytest.raises(error, match="is not a moment: give a datetime with a time zone"):
        as_of(moment)


@pytest.mark.parametrize("bound", ["first", "last"])
def test_an_observation_date_with_a_time(bound):
    moment = datetime(2024, 1, 10, tzinfo=UTC)
    with pytest.raises(TypeError, match="observation dates have no time"):
        as_of(moment, **{bound: moment})


# Any history of releases

RELEASES = st.lists(
    st.fixed_dictionaries(
        {
            "series_id": st.integers(0, 1),
            "observation_date": st.integers(0, 2),
            "revision_number": st.integers(0, 4),
            "release_time": st.integers(0, 6),
            "value": st.integers(0, 99).map(float),
        }
    ),
    max_size=25,
    unique_by=lambda row: (row["series_id"], row["observation_date"], row["revision_number"]),
)


def published(desk, rows):
    return [
        row
        | {
            "series_id": desk.series[row["series_id"]],
            "observation_date": desk.day + timedelta(days=row["observation_date"]),
            "release_time": desk.noon + timedelta(hours=row["release_time"]),
        }
        for row in rows
    ]


def answer(rows, moment):
    """The same in plain Python: later releases, then higher numbers, replace what they revise."""
    found = {}
    for row in sorted(rows, key=lambda row: (row["release_time"], row["revision_number"])):
        if row["release_time"] <= moment:
            found[row["series_id"], row["observation_date"]] = row["value"]
    return [(*key, value) for key, value in sorted(found.items())]


examples = settings(
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@examples
@given(rows=RELEASES, compressed=st.booleans())
def test_every_moment_of_a_history(connection, desk, compress_where_possible, rows, compressed):
    rows = published(desk, rows)
    with connection.begin_nested() as savepoint:
        insert_new(connection, MacroSeries, rows)
        if compressed:
            compress_where_possible(MacroSeries)
        for hour in range(-1, 8):
            moment = desk.noon + timedelta(hours=hour)
            assert known(connection, moment) == answer(rows, moment)
        savepoint.rollback()


@examples
@given(rows=RELEASES, hour=st.integers(-1, 6))
def test_what_is_published_later_changes_no_earlier_answer(connection, desk, rows, hour):
    """Release by release, in the order of publication, the answer stays what it was."""
    moment = desk.noon + timedelta(hours=hour)
    rows = sorted(published(desk, rows), key=lambda row: row["release_time"])
    with connection.begin_nested() as savepoint:
        upsert(connection, MacroSeries, [row for row in rows if row["release_time"] <= moment])
        then = known(connection, moment)
        for row in rows:
            if row["release_time"] > moment:
                upsert(connection, MacroSeries, [row])
                assert known(connection, moment) == then
        savepoint.rollback()


# The way to the rows


def test_the_rows_of_a_series_are_found_by_the_natural_key(connection, desk):
    """So no row of another series is read, let alone sorted."""
    cpi = desk.series[0]
    connection.execute(
        text(
            """
            WITH parents AS (
                INSERT INTO series_metadata (source_id, series_code, name, frequency)
                SELECT source_id, 'S' || number, 'one of many', 'daily'
                FROM series_metadata, generate_series(1, 30) AS number WHERE id = :series
                RETURNING id
            )
            INSERT INTO macro_series
                (series_id, observation_date, release_time, revision_number, value)
            SELECT id, day::date, day + revision * interval '30 days', revision, 0
            FROM (SELECT id FROM parents UNION ALL SELECT :series) AS series,
                generate_series(timestamptz '2023-12-01', '2024-02-15', '1 day') AS day,
                generate_series(0, 2) AS revision
            """
        ),
        {"series": cpi},
    )
    connection.execute(text("ANALYZE macro_series"))
    query = as_of(datetime(2024, 3, 1, tzinfo=UTC), series_ids=[cpi])
    sql = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}".replace(":", r"\:"))
    plan = connection.scalar(explain)
    nodes = list(every_node((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]))
    scans = [node for node in nodes if "Scan" in node["Node Type"] and "Plans" not in node]
    assert scans
    for scan in scans:
        # The index of a chunk has the name of the hypertable's, after a number.
        assert scan.get("Index Name", "none").endswith("_uq_macro_series_natural_key")
        assert f"series_id = {cpi}" in scan["Index Cond"]


def every_node(node):
    yield node
    for child in node.get("Plans", ()):
        yield from every_node(child)
