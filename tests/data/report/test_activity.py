"""Activity: periods without gaps, weekdays and hours of UTC, and how fine the times are."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.data.report.activity import activity_of

START = datetime(1970, 1, 1, tzinfo=UTC)
spans = st.sampled_from([100, 900, 20_000])
moments = spans.flatmap(lambda days: st.lists(st.integers(-days * 86_400, days * 86_400), min_size=1, max_size=30))


def ms(moment: datetime) -> int:
    return int((moment - START) / timedelta(milliseconds=1))


def rows(times: list[int | None]) -> pl.LazyFrame:
    return pl.LazyFrame({"timestamp": pl.Series(times, dtype=pl.Int64)})


@given(moments)
def test_rhythm_and_periods_agree_with_the_calendar(found: list[int]) -> None:
    whole = [START + timedelta(days=10_000, seconds=second) for second in found]
    activity = activity_of(rows([ms(moment) for moment in whole]))
    assert activity is not None
    expected = Counter((moment.weekday(), moment.hour) for moment in whole)
    assert {cell: int(activity.rhythm[cell]) for cell in expected} == expected and activity.rhythm.sum() == len(found)
    start = {
        "day": lambda day: day,
        "week": lambda day: day - timedelta(days=day.weekday()),
        "month": lambda day: day.replace(day=1),
    }[activity.period]
    by_period = Counter(start(moment.date()) for moment in whole)
    named = dict(zip(activity.starts.tolist(), activity.rows.tolist(), strict=True))
    assert {day: n for day, n in named.items() if n} == by_period
    days = (max(whole).date() - min(whole).date()).days + 1
    assert activity.period == ("day" if days <= 120 else "week" if days <= 3 * 366 else "month")
    assert start(activity.end.item()) == activity.end.item() > max(whole).date()


@pytest.mark.parametrize(
    ("step", "resolution"),
    [(86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes"), (1_000, "seconds"), (7, "milliseconds")],
)
def test_the_resolution_is_the_coarsest_that_holds(step: int, resolution: str) -> None:
    activity = activity_of(rows([None, step * 10_001, step * 10_002]))
    assert activity is not None and activity.resolution == resolution and activity.untimed == 1


def test_periods_without_rows_are_there() -> None:
    activity = activity_of(rows([ms(datetime(2020, 1, 1, tzinfo=UTC)), ms(datetime(2020, 1, 4, tzinfo=UTC))]))
    assert activity is not None and activity.rows.tolist() == [1, 0, 0, 1] and activity.label(1) == "2020-01-02"


def test_without_times_there_is_none() -> None:
    assert activity_of(rows([None, None])) is None
