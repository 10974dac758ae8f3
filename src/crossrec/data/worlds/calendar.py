"""When things happen: the activity of every hour of a world, and times drawn by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Doubles, Times
from crossrec.data.worlds.domain import Arrivals
from crossrec.data.worlds.world import WEEKDAYS, World

__all__ = ["Calendar", "arrivals", "calendar"]

_HOUR, _DAY, _WEEK, _YEAR = 3600, 86_400, 604_800, 365.25 * 86_400
_FIRST_MONDAY = 4 * _DAY  # 5 January 1970


@dataclass(frozen=True)
class Calendar:
    """The activity of a domain.

    Args:
        began: First second, since 1970 UTC.
        cumulative: Float64[hours]: activity until the end of each hour, in units of its mean hour.
    """

    began: int
    cumulative: Doubles


def calendar(world: World, domain: str) -> Calendar:
    """Work out the activity of each hour of a domain from the rhythm and the bursts."""
    rhythm = world.rhythm
    seconds = world.began + _HOUR * np.arange(world.days * 24, dtype=np.float64)
    activity = rhythm.growth ** ((seconds - world.began) / _YEAR)
    activity *= 1 + rhythm.daily * np.cos(2 * np.pi * (seconds / _HOUR - rhythm.peak_hour) / 24)
    weekday = np.floor((seconds - _FIRST_MONDAY) % _WEEK / _DAY)
    activity *= 1 + rhythm.weekly * np.cos(2 * np.pi * (weekday - WEEKDAYS.index(rhythm.peak_weekday)) / 7)
    month = (seconds % _YEAR) / _YEAR * 12
    activity *= 1 + rhythm.yearly * np.cos(2 * np.pi * (month - (rhythm.peak_month - 0.5)) / 12)
    for burst in world.bursts:
        if burst.domain in ("", domain):
            begins = world.second(burst.at)
            activity[(seconds >= begins) & (seconds < begins + burst.days * _DAY)] *= burst.factor
    activity = np.maximum(activity, 1e-9)  # an hour without any activity would stop the inversion
    return Calendar(world.began, np.cumsum(activity / activity.mean()))


def arrivals(world: World, coming: Arrivals, places: Doubles, late: Doubles) -> Times:
    """Return int64[N] seconds since 1970 at which users or items come; the start for those who were there.

    Args:
        world: Their world.
        coming: Who comes when.
        places: Float64[N] in [0, 1): those below the share come later.
        late: Float64[N] in [0, 1): when, evenly over the time.
    """
    begins = world.second(coming.first) if coming.first else world.began
    ends = world.second(coming.last) if coming.last else world.began + world.seconds
    ends = max(begins + 1, min(ends, world.began + world.seconds - _DAY))
    times = (begins + late * (ends - begins)).astype(np.int64)
    return np.where(places < coming.share, times, world.began)
