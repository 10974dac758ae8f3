"""What users take: items met by popularity, taken by true relevance, at times by the calendar."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Codes, Doubles, Floats, Times
from crossrec.data.worlds.calendar import Calendar
from crossrec.data.worlds.chances import ROWS, begin, below, draw, draw_normal
from crossrec.data.worlds.domain import Domain
from crossrec.data.worlds.goods import Goods
from crossrec.data.worlds.people import Tastes
from crossrec.data.worlds.world import World

__all__ = ["Crowd", "Taken", "relevance_of", "take", "trends_of", "when"]

_BY_POPULARITY, _BY_RELEVANCE = 64, 400
"""Tries after which a user meets items evenly, and after which any that is left is taken."""


@dataclass(frozen=True)
class Crowd:
    """B users of a chunk in one domain.

    Args:
        first: Number of the first.
        place: Number of the domain.
        arrival: Int64[B] seconds.
        counts: Int64[B] rows (or lists) of each.
        covering: Int64[B]: the first item that each takes whatever it is, or -1.
        stride: The next such item is so many further.
        tastes: Of the B users in all domains.
        change: Second of the change of taste.
    """

    first: int
    place: int
    arrival: Times
    counts: Times
    covering: Times
    stride: int
    tastes: Tastes
    change: int

    @property
    def starts(self) -> Times:
        """Int64[B + 1]: where each user's rows begin."""
        return np.concatenate([[0], np.cumsum(self.counts)]).astype(np.int64)


@dataclass(frozen=True)
class Taken:
    """N rows, by user, then by time.

    Args:
        user: Int64[N] number of the user.
        item: Int32[N].
        second: Int64[N] since 1970.
        relevance: Float64[N], true.
        noise: Float64[N] standard normal.
        chances: Float64[N, 3] in [0, 1): for the kind, for a return, for its day.
    """

    user: Times
    item: Codes
    second: Times
    relevance: Doubles
    noise: Doubles
    chances: Doubles


def take(world: World, domain: Domain, things: Goods, hours: Calendar, crowd: Crowd) -> Taken:
    """Let some users take what they take in a domain."""
    starts = crowd.starts
    size = int(starts[-1])
    taken = Taken(
        np.repeat(crowd.first + np.arange(len(crowd.counts)), crowd.counts),
        np.empty(size, dtype=np.int32),
        np.empty(size, dtype=np.int64),
        np.empty(size),
        np.empty(size),
        np.empty((size, 3)),
    )
    effect = np.ones(len(things.price))
    if domain.prices:
        effect = (domain.prices.low / things.price.astype(np.float64)) ** domain.prices.sensitivity
    _take(
        (world.seed, crowd.first, crowd.place, crowd.stride, crowd.change, domain.repeats),
        (starts, crowd.arrival, crowd.covering),
        (crowd.tastes.early[crowd.place], crowd.tastes.later[crowd.place], domain.bias, domain.slope),
        (things.factors, np.cumsum(things.popularity[: things.living]), things.arrival, things.category, effect),
        (hours.began, hours.cumulative),
        trends_of(world, domain),
        (taken.item, taken.second, taken.relevance, taken.noise, taken.chances),
    )
    return taken


def trends_of(world: World, domain: Domain) -> tuple[Codes, Times, Doubles]:
    """Return the trends as arrays: category, second, factor."""
    return (
        np.array([trend.category for trend in domain.trends], dtype=np.int32),
        np.array([world.second(trend.at) for trend in domain.trends], dtype=np.int64),
        np.array([trend.factor for trend in domain.trends], dtype=np.float64),
    )


@numba.njit(cache=True, nogil=True)
def relevance_of(taste: Floats, item: Floats, bias: float, slope: float) -> float:
    """Return sigmoid(bias + slope x taste . item)."""
    total = 0.0
    for k in range(len(taste)):
        total += float(taste[k]) * float(item[k])
    return 1.0 / (1.0 + math.exp(-(bias + slope * total)))


@numba.njit(cache=True, nogil=True)
def when(state: NDArray[np.uint64], began: int, cumulative: Doubles, since: int) -> int:
    """Draw a second from some second on, by the activity of the hours."""
    hour = (since - began) // 3600
    part = (since - began) % 3600 / 3600.0
    before = cumulative[hour - 1] if hour else 0.0
    gone = before + (cumulative[hour] - before) * part
    at = gone + draw(state) * (cumulative[-1] - gone)
    hour = below(cumulative, len(cumulative), at)
    before = cumulative[hour - 1] if hour else 0.0
    inside = (at - before) / (cumulative[hour] - before)
    second = began + hour * 3600 + int(inside * 3600)
    return max(since, min(second, began + len(cumulative) * 3600 - 1))


@numba.njit(cache=True, nogil=True)
def _trend(trends: Any, category: int, second: int) -> float:
    """Return how much more often a category is taken at a time."""
    found = 1.0
    for i in range(len(trends[0])):
        if trends[0][i] == category and second >= trends[1][i]:
            found *= trends[2][i]
    return found


@numba.njit(cache=True, nogil=True)
def _fresh(table: Codes, item: int) -> int:
    """Return the free slot for an item in a user's table of what was taken, or -1 where it is in it."""
    mask = len(table) - 1
    slot = (item * 2654435761) & mask
    while table[slot] >= 0:
        if table[slot] == item:
            return -1
        slot = (slot + 1) & mask
    return slot


@numba.njit(cache=True, nogil=True)
def _choose(state: Any, choice: Any, taste: Floats, scale: Any, things: Any, trends: Any) -> tuple[int, float]:
    """Meet items until one is taken; give it with its relevance."""
    second, arrived, most, table, repeats = choice
    factors, popularity, _, category, effect = things
    total = popularity[arrived - 1]
    tries = 0
    while True:
        if tries < _BY_POPULARITY:
            item = below(popularity, arrived, draw(state) * total)
        elif tries < 2 * _BY_RELEVANCE:
            item = int(draw(state) * arrived)
        else:
            item = (item + 1) % arrived
        tries += 1
        if not repeats and _fresh(table, item) < 0:
            continue
        relevance = relevance_of(taste, factors[item], scale[0], scale[1])
        chance = relevance * effect[item] * _trend(trends, category[item], second) / most
        if tries > _BY_RELEVANCE or draw(state) < chance:
            return item, relevance


@numba.njit(cache=True, nogil=True)
def _set_times(state: Any, user: Any, coming: Times, hours: Any, out: Any) -> None:
    """Draw the times of a user's rows, and lay down the items that this user takes whatever they are."""
    since, item, stride = user
    table, forced, seconds = out
    for j in range(len(seconds)):
        first = since
        if 0 <= item < len(coming):
            forced[j] = item
            table[_fresh(table, item)] = item
            first = max(since, coming[item])
            item += stride
        seconds[j] = when(state, hours[0], hours[1], first)


@numba.njit(cache=True, parallel=True, nogil=True)
def _take(who: Any, people: Any, liking: Any, things: Any, hours: Any, trends: Any, out: Any) -> None:
    """Fill the rows of every user, each from a stream of chances of its own."""
    seed, first, place, stride, change, repeats = who
    starts, arrival, covering = people
    early, later, bias, slope = liking
    living = len(things[1])
    most = 1.0
    for i in range(len(trends[0])):
        most *= max(1.0, trends[2][i])
    for u in numba.prange(len(arrival)):
        count = starts[u + 1] - starts[u]
        if count == 0:
            continue
        state = np.empty(1, dtype=np.uint64)
        begin(state, seed, ROWS, first + u, place)
        table = np.full(2 << int(math.log2(count) + 1), -1, dtype=np.int32)
        forced = np.full(count, -1, dtype=np.int64)
        seconds = np.empty(count, dtype=np.int64)
        _set_times(state, (arrival[u], covering[u], stride), things[2][:living], hours, (table, forced, seconds))
        order = np.argsort(seconds, kind="mergesort")
        for j in range(count):
            row = starts[u] + j
            second, item = seconds[order[j]], forced[order[j]]
            taste = later[u] if second >= change else early[u]
            if item >= 0:
                relevance = relevance_of(taste, things[0][item], bias, slope)
            else:
                arrived = np.searchsorted(things[2][:living], second, side="right")
                choice = (second, arrived, most, table, repeats)
                item, relevance = _choose(state, choice, taste, (bias, slope), things, trends)
                if not repeats:
                    table[_fresh(table, item)] = item
            out[0][row], out[1][row], out[2][row] = item, second, relevance
            out[3][row] = draw_normal(state)
            for k in range(3):
                out[4][row, k] = draw(state)
