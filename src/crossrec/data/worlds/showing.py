"""What users are shown: lists under the logging policy of `Shown`, each place with its chance, and the clicks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from crossrec.core.arrays import Bools, Codes, Doubles, Times
from crossrec.data.worlds.calendar import Calendar
from crossrec.data.worlds.chances import LISTS, begin, below, draw
from crossrec.data.worlds.domain import Domain, Shown
from crossrec.data.worlds.goods import Goods
from crossrec.data.worlds.taking import Crowd, relevance_of, when
from crossrec.data.worlds.world import World

__all__ = ["Places", "examination", "policy", "show"]


@dataclass(frozen=True)
class Places:
    """N places of lists: L places of the first list, then those of the next; lists by user, then by time.

    Args:
        user: Int64[N] number of the user.
        number: Int32[N] number of the list among the user's.
        place: Int32[N], the first is 1.
        item: Int32[N].
        second: Int64[N] since 1970.
        chance: Float64[N] that the policy puts this item here, given the places before.
        examined: Float64[N] chance that the user looks at this place.
        relevance: Float64[N], true; the chance of a click is examined x relevance.
        clicked: Bool[N].
    """

    user: Times
    number: Codes
    place: Codes
    item: Codes
    second: Times
    chance: Doubles
    examined: Doubles
    relevance: Doubles
    clicked: Bools


def examination(shown: Shown) -> Doubles:
    """Return float64[length], the chance that a user looks at each place."""
    return np.arange(1, shown.length + 1, dtype=np.float64) ** -shown.examination


def policy(shown: Shown, things: Goods, arrived: int) -> Doubles:
    """Return float64[arrived], the policy's chances of the first place, over the items that have arrived."""
    weight = things.popularity[:arrived] ** shown.power
    return np.asarray((1 - shown.exploration) * weight / weight.sum() + shown.exploration / arrived)


def show(world: World, domain: Domain, things: Goods, hours: Calendar, crowd: Crowd) -> Places:
    """Show some users their lists; `crowd.counts` are numbers of lists.

    Raises:
        ValueError: The domain shows no lists.
    """
    if domain.shown is None:
        raise ValueError("the domain shows no lists")
    length, lists = domain.shown.length, int(crowd.counts.sum())
    size = lists * length
    numbers = np.arange(lists) - np.repeat(crowd.starts[:-1], crowd.counts)
    shown = Places(
        np.repeat(np.repeat(crowd.first + np.arange(len(crowd.counts)), crowd.counts), length),
        np.repeat(numbers, length).astype(np.int32),
        np.tile(np.arange(1, length + 1, dtype=np.int32), lists),
        np.empty(size, dtype=np.int32),
        np.empty(size, dtype=np.int64),
        np.empty(size),
        np.tile(examination(domain.shown), lists),
        np.empty(size),
        np.empty(size, dtype=np.bool_),
    )
    _show(
        (world.seed, crowd.first, crowd.place, crowd.change, length, domain.shown.exploration),
        (crowd.starts, crowd.arrival),
        (crowd.tastes.early[crowd.place], crowd.tastes.later[crowd.place], domain.bias, domain.slope),
        (things.factors, np.cumsum(things.popularity[: things.living] ** domain.shown.power), things.arrival),
        (hours.began, hours.cumulative),
        (shown.item, shown.second, shown.chance, shown.examined, shown.relevance, shown.clicked),
    )
    return shown


@numba.njit(cache=True, nogil=True)
def _draw_item(state: Any, weights: Doubles, arrived: int, exploration: float) -> int:
    """Draw an item by the policy of the first place."""
    if draw(state) < exploration:
        return int(draw(state) * arrived)
    return below(weights, arrived, draw(state) * weights[arrived - 1])


@numba.njit(cache=True, nogil=True)
def _fill(state: Any, weights: Doubles, arrived: int, exploration: float, out: Any) -> None:
    """Fill one list: draws that are in it already are drawn again, which is a draw among those left."""
    items, chances = out
    gone = 0.0
    for k in range(len(items)):
        item = _draw_item(state, weights, arrived, exploration)
        while (items[:k] == item).any():
            item = _draw_item(state, weights, arrived, exploration)
        before = weights[item - 1] if item else 0.0
        weight = (1 - exploration) * (weights[item] - before) / weights[arrived - 1] + exploration / arrived
        items[k], chances[k] = item, weight / (1 - gone)
        gone += weight


@numba.njit(cache=True, parallel=True, nogil=True)
def _show(who: Any, people: Any, liking: Any, things: Any, hours: Any, out: Any) -> None:
    """Fill the lists of every user, each from a stream of chances of its own."""
    seed, first, place, change, length, exploration = who
    starts, arrival = people
    early, later, bias, slope = liking
    factors, weights, coming = things
    items, seconds, chances, examined, relevances, clicked = out
    for u in numba.prange(len(arrival)):
        state = np.empty(1, dtype=np.uint64)
        begin(state, seed, LISTS, first + u, place)
        times = np.empty(starts[u + 1] - starts[u], dtype=np.int64)
        for j in range(len(times)):
            times[j] = when(state, hours[0], hours[1], arrival[u])
        times.sort()
        for j in range(len(times)):
            low = (starts[u] + j) * length
            high = low + length
            arrived = np.searchsorted(coming[: len(weights)], times[j], side="right")
            _fill(state, weights, arrived, exploration, (items[low:high], chances[low:high]))
            taste = later[u] if times[j] >= change else early[u]
            for row in range(low, high):
                seconds[row] = times[j]
                relevances[row] = relevance_of(taste, factors[items[row]], bias, slope)
                clicked[row] = draw(state) < examined[row] * relevances[row]
