"""Worlds with a name: a small one that has everything, and one of MovieLens 25M's published size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from crossrec.core.errors import unknown_name
from crossrec.data.worlds.domain import Arrivals, Domain, Films, Prices, Ratings, Returns, Shown, Trend
from crossrec.data.worlds.world import Burst, Rhythm, TasteChange, World

__all__ = ["PRESETS", "preset"]


def _small() -> World:
    stars = Ratings(0.5, 5.0, 0.5, 0.5)
    films = Domain(items=400, interactions=30_000, least=5, kinds={"rate": 1.0}, ratings=stars, shown=Shown(lists=4))
    books = Domain(items=300, interactions=24_000, least=5, new_items=Arrivals(share=0.3))
    shop = Domain(
        items=500,
        interactions=20_000,
        repeats=True,
        kinds={"view": 0.6, "purchase": 0.4},
        prices=Prices(2, 80, 0.2),
        returns=Returns(),
        trends=(Trend(3, date(2024, 9, 1), 4.0),),
    )
    return World(
        domains={"films": films, "books": books, "shop": shop},
        users=1000,
        start=date(2024, 1, 1),
        days=366,
        seed=7,
        transfer=0.6,
        transfers={"books+films": 0.8},
        active=(0.4, 0.3, 0.3),
        new_users=Arrivals(share=0.3),
        taste_change=TasteChange(date(2024, 7, 1), 0.3),
        rhythm=Rhythm(daily=0.8, peak_hour=20, weekly=0.4, yearly=0.3),
        bursts=(Burst(date(2024, 11, 29), 4.0, 2.0, "shop"),),
    )


def _movielens_25m() -> World:
    films = Domain(
        items=62_423,
        idle_items=62_423 - 59_047,
        interactions=25_000_095,
        least=20,
        activity=1.1,
        popularity=1.0,
        complete=True,
        categories=19,
        ratings=Ratings(0.5, 5.0, 0.5, 0.6),
        new_items=Arrivals(share=0.7),
        films=Films(tags=1_093_360, genome_tags=1_128, genome_films=13_816),
    )
    return World(
        domains={"films": films},
        users=162_541,
        start=date(1995, 1, 9),
        days=9_083,
        seed=25,
        new_users=Arrivals(share=0.95),
        rhythm=Rhythm(daily=0.6, peak_hour=20, weekly=0.1),
    )


PRESETS: dict[str, Callable[[], World]] = {"small": _small, "movielens-25m": _movielens_25m}
"""Name -> what makes the world. Sizes of MovieLens 25M: https://files.grouplens.org/datasets/movielens/ml-25m-README.html."""


def preset(name: str) -> World:
    """Return a world by its name.

    Raises:
        NotFound: There is none of this name; the message has the nearest.
    """
    if name not in PRESETS:
        raise unknown_name("world", name, PRESETS)
    return PRESETS[name]()
