"""A domain of a world as chunks of rows, by user, then by time; a chunk holds whole users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from crossrec.core.arrays import Times
from crossrec.core.errors import InvalidInput
from crossrec.data.schema import KIND_TYPE
from crossrec.data.worlds.calendar import Calendar, calendar
from crossrec.data.worlds.domain import Domain
from crossrec.data.worlds.goods import Goods, goods
from crossrec.data.worlds.people import People, tastes
from crossrec.data.worlds.showing import Places, show
from crossrec.data.worlds.taking import Crowd, Taken, take
from crossrec.data.worlds.world import World

__all__ = ["RATED", "Chunk", "Stage", "chunks", "numbered", "stage"]

RATED = ("rate", "review")
"""Kinds of rows that have a rating."""
_NEVER = 2**62


@dataclass(frozen=True)
class Stage:
    """What a domain is made from; memory grows with users and items, not with rows.

    Args:
        world: The world.
        name: The domain's name.
        crowd: All users.
        things: All items.
        hours: When things happen.
    """

    world: World
    name: str
    crowd: People
    things: Goods
    hours: Calendar

    @property
    def domain(self) -> Domain:
        """The domain."""
        return self.world.domains[self.name]

    @property
    def place(self) -> int:
        """The domain's number."""
        return list(self.world.domains).index(self.name)


@dataclass(frozen=True)
class Chunk:
    """Rows of some users.

    Args:
        rows: user, item (numbers), second, interaction_type, rating (null where it has none), price (0 without),
            and list, place, chance of rows that were shown or clicked in a list.
        shown: The places of their lists, with their truth; None where there are none.
    """

    rows: pl.DataFrame
    shown: pl.DataFrame | None


def stage(world: World, name: str, crowd: People) -> Stage:
    """Make a domain's items and hours.

    Raises:
        InvalidInput: `complete` is asked for, and too few users are active to take every item.
    """
    domain = world.domains[name]
    found = Stage(world, name, crowd, goods(world, name), calendar(world, name))
    active = int(crowd.active[found.place].sum())
    if domain.complete and active * max(1, domain.least) < domain.living:
        raise InvalidInput(
            f"domains.{name}.complete: expected at least as many rows that every user has as items "
            f"({domain.living:,}), got {active:,} users with at least {domain.least}; raise least"
        )
    return found


def chunks(on: Stage, rows: int = 400_000) -> Iterator[Chunk]:
    """Make a domain's rows.

    Args:
        on: The domain.
        rows: About how many a chunk; the bytes of the whole do not depend on it.
    """
    length = on.domain.shown.length if on.domain.shown else 0
    load = np.cumsum(on.crowd.counts[on.place] + length * on.crowd.lists[on.place])
    begin = 0
    while begin < on.world.users:
        done = load[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(load, done + rows, side="right")))
        yield _chunk(on, begin, min(end, on.world.users))
        begin = end


def _chunk(on: Stage, begin: int, end: int) -> Chunk:
    """Make the rows of the users begin … end - 1."""
    world, people, place = on.world, on.crowd, on.place
    active = people.active[place]
    covering, stride = np.full(end - begin, -1, dtype=np.int64), int(active.sum())
    if on.domain.complete:
        rank = np.cumsum(active[begin:end]) - 1 + int(active[:begin].sum())
        covering = np.where(active[begin:end], rank, -1)
    crowd = Crowd(
        first=begin,
        place=place,
        arrival=people.arrival[begin:end],
        counts=people.counts[place, begin:end],
        covering=covering,
        stride=stride,
        tastes=tastes(world, begin, people.changes[begin:end]),
        change=world.second(world.taste_change.at) if world.taste_change else _NEVER,
    )
    tables = [_taken(on, take(world, on.domain, on.things, on.hours, crowd))]
    places = None
    if on.domain.shown:
        lists = replace(crowd, counts=people.lists[place, begin:end])
        places = _places(show(world, on.domain, on.things, on.hours, lists))
        tables += _listed(on, places)
    rows = tables[0]
    if len(tables) > 1 or on.domain.returns:
        rows = pl.concat(tables, how="diagonal").sort("user", "second", maintain_order=True)
    return Chunk(rows, places)


def _taken(on: Stage, taken: Taken) -> pl.DataFrame:
    """Say what each taken row is: its kind, its rating, its price; and add the returns."""
    domain = on.domain
    kinds = list(domain.kinds)
    ends = np.cumsum(list(domain.kinds.values()))[:-1]
    kind = np.searchsorted(ends, taken.chances[:, 0], side="right")
    scale = domain.ratings
    rating = scale.lowest + (scale.highest - scale.lowest) * taken.relevance + scale.noise * taken.noise
    steps = np.rint((rating - scale.lowest) / scale.step)
    top = np.floor((scale.highest - scale.lowest) / scale.step + 1e-9)
    rating = (scale.lowest + scale.step * np.clip(steps, 0, top)).astype(np.float32)
    rows = pl.DataFrame(
        {
            "user": taken.user,
            "item": taken.item,
            "second": taken.second,
            "interaction_type": pl.Series(kind.astype(np.int64)).replace_strict(
                list(range(len(kinds))), kinds, return_dtype=KIND_TYPE
            ),
            "rating": rating,
            "price": on.things.price[taken.item],
        }
    ).with_columns(pl.when(pl.col("interaction_type").cast(pl.String).is_in(RATED)).then("rating").alias("rating"))
    return rows if domain.returns is None else pl.concat([rows, _returned(on, taken, rows)])


def _returned(on: Stage, taken: Taken, rows: pl.DataFrame) -> pl.DataFrame:
    """Send purchases back, from a minute to some days later."""
    returns = on.domain.returns
    if returns is None:
        return rows.clear()
    later = taken.second + 60 + (taken.chances[:, 2] * (returns.days * 86_400 - 60)).astype(np.int64)
    back = (taken.chances[:, 1] < returns.share) & (later < on.world.began + on.world.seconds)
    bought = (rows["interaction_type"] == "purchase").to_numpy() & back
    return rows.with_columns(
        pl.Series("second", later), pl.lit("return").cast(KIND_TYPE).alias("interaction_type")
    ).filter(pl.Series(bought))


def _places(shown: Places) -> pl.DataFrame:
    """Return the places of lists with their truth."""
    return pl.DataFrame(
        {
            "user": shown.user,
            "list": shown.number,
            "place": shown.place,
            "item": shown.item,
            "timestamp": shown.second * 1000,
            "chance": shown.chance,
            "examined": shown.examined,
            "relevance": shown.relevance,
            "clicked": shown.clicked,
        }
    )


def _listed(on: Stage, places: pl.DataFrame) -> list[pl.DataFrame]:
    """Turn places into rows that were shown, and into clicks: each as many seconds later as its place."""
    second = pl.col("timestamp") // 1000
    price = pl.Series("price", on.things.price[places["item"].to_numpy()])
    rows = places.select("user", "item", second.alias("second"), "list", "place", "chance", price, "clicked")
    kinds = {name: pl.lit(name).cast(KIND_TYPE).alias("interaction_type") for name in ("shown", "click")}
    last = on.world.began + on.world.seconds - 1
    clicks = rows.filter("clicked").with_columns(pl.min_horizontal(pl.col("second") + pl.col("place"), last))
    return [
        rows.drop("clicked").with_columns(kinds["shown"]),
        clicks.drop("clicked", "chance").with_columns(kinds["click"]),
    ]


def numbered(users: Times) -> Times:
    """Return int64[N], the place of each row among its user's; rows are by user."""
    starts = np.flatnonzero(np.concatenate([[True], users[1:] != users[:-1]]))
    lengths = np.diff(np.concatenate([starts, [len(users)]]))
    return np.asarray(np.arange(len(users)) - np.repeat(starts, lengths))
