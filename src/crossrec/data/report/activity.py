"""When things happened: rows by day, week or month, by hour and weekday, and how fine the times are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["WEEKDAYS", "Activity", "activity_of"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOUR, _FIRST_WEEKDAY = 3_600_000, 3  # 1 January 1970 was a Thursday
_STEPS = {"days": 86_400_000, "hours": _HOUR, "minutes": 60_000, "seconds": 1_000}


@dataclass(frozen=True, eq=False)
class Activity:
    """Rows with a time, in UTC.

    Args:
        period: "day", "week" or "month": what one step of `starts` is.
        starts: Datetime64[n] first day of each period, without gaps.
        rows: Int64[n] rows of each period.
        rhythm: Int64[7, 24] rows by weekday, Monday first, and hour.
        resolution: What all times are whole numbers of: "days", "hours", "minutes", "seconds" or "milliseconds".
        untimed: Rows without a time.
    """

    period: str
    starts: NDArray[np.datetime64]
    rows: NDArray[np.int64]
    rhythm: NDArray[np.int64]
    resolution: str
    untimed: int

    @property
    def end(self) -> np.datetime64:
        """The day after the last period."""
        step = {"month": 31, "week": 7, "day": 1}[self.period]
        after = self.starts[-1:] + np.timedelta64(step, "D")
        return np.datetime64(str(after.astype("datetime64[M]" if self.period == "month" else "datetime64[D]")[0]), "D")

    def label(self, place: int) -> str:
        """Write a period: its first day, or its month."""
        return str(self.starts[place])[: 7 if self.period == "month" else 10]


def activity_of(rows: pl.LazyFrame) -> Activity | None:
    """Count rows over time; None where no row has one. One pass, and memory for the different hours alone."""
    time = pl.col("timestamp")
    hour = (time // _HOUR).alias("hour")
    counted = rows.select(hour).group_by("hour").len("rows").collect(engine="streaming").sort("hour", nulls_last=True)
    timed = counted.filter(pl.col("hour").is_not_null())
    if not timed.height:
        return None
    whole = rows.select(((time % step) == 0).all().alias(name) for name, step in _STEPS.items())
    fine = whole.collect(engine="streaming").row(0, named=True)
    hours, counts = timed["hour"].to_numpy(), timed["rows"].to_numpy().astype(np.int64)
    rhythm = np.zeros((7, 24), dtype=np.int64)
    np.add.at(rhythm, ((hours // 24 + _FIRST_WEEKDAY) % 7, hours % 24), counts)
    period, starts, by_period = _periods(hours // 24, counts)
    resolution = next((name for name, holds in fine.items() if holds), "milliseconds")
    untimed = int(counted["rows"].to_numpy().sum()) - int(counts.sum())
    return Activity(period, starts, by_period, rhythm, resolution, untimed)


def _periods(
    days: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[str, NDArray[np.datetime64], NDArray[np.int64]]:
    """Choose days up to four months, weeks up to three years, months above; fill in those without rows."""
    length = int(days[-1] - days[0]) + 1
    dates = days.astype("datetime64[D]")
    if length <= 120:
        period, step = "day", days
    elif length <= 3 * 366:
        period, step = "week", (days + _FIRST_WEEKDAY) // 7
    else:
        period, step = "month", dates.astype("datetime64[M]").astype(np.int64)
    rows = np.bincount(step - step[0], weights=counts).astype(np.int64)
    places = np.arange(step[0], step[-1] + 1)
    if period == "month":
        return period, places.astype("datetime64[M]").astype("datetime64[D]"), rows
    first_days = places * 7 - _FIRST_WEEKDAY if period == "week" else places
    return period, first_days.astype("datetime64[D]"), rows
