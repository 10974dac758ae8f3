"""The items of a domain: what they are like, how popular, when they come, what they cost. In order of arrival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Codes, Doubles, Floats, Times
from crossrec.data.worlds.calendar import arrivals
from crossrec.data.worlds.chances import ARRIVAL, POPULARITY, PRICE, THING, normals, uniforms
from crossrec.data.worlds.domain import Domain
from crossrec.data.worlds.world import World

__all__ = ["Goods", "goods"]

_CENTRE, _OWN = 0.85, 0.53
"""How much of an item is its category and how much its own, of length 1 together."""


@dataclass(frozen=True)
class Goods:
    """I items, of which the first `living` are those that somebody may take, in order of arrival.

    Args:
        factors: Float32[I, D] of length 1.
        category: Int32[I].
        popularity: Float64[I] weights; 0 for items that nobody takes.
        arrival: Int64[I] seconds since 1970.
        price: Float32[I]; 0 without prices.
        living: Their number.
    """

    factors: Floats
    category: Codes
    popularity: Doubles
    arrival: Times
    price: Floats
    living: int


def goods(world: World, name: str) -> Goods:
    """Make the items of a domain."""
    domain, place = world.domains[name], list(world.domains).index(name)
    count, living = domain.items, domain.living
    late = uniforms(world.seed, ARRIVAL, place + 1, 0, count)
    order = np.arange(count)
    places = np.where(order < domain.first_items, 1.0, 0.0) if domain.new_items.share else np.ones(count)
    arrival = arrivals(world, domain.new_items, places, late)
    arrival[:living].sort()
    arrival[living:] = world.began
    category = (uniforms(world.seed, THING, place, 0, count) * domain.categories).astype(np.int32)
    rank = np.argsort(uniforms(world.seed, POPULARITY, place, 0, living), kind="stable")
    popularity = np.zeros(count)
    popularity[rank] = np.arange(1, living + 1, dtype=np.float64) ** -domain.popularity
    price = np.zeros(count, dtype=np.float32)
    if domain.prices:
        low, high = np.log(domain.prices.low), np.log(domain.prices.high)
        price = np.exp(low + uniforms(world.seed, PRICE, place, 0, count) * (high - low)).round(2).astype(np.float32)
    return Goods(_factors(world, domain, place, category), category, popularity, arrival, price, living)


def _factors(world: World, domain: Domain, place: int, category: Codes) -> Floats:
    """Put items near the centre of their category; category c is the same direction in every domain."""
    centres = normals(world.seed, THING, 10**6, 0, (domain.categories, world.factors))
    for c in range(min(domain.categories, 2 * world.factors)):  # the first are axes and their opposites
        centres[c] = 0
        centres[c, c % world.factors] = 1 if c < world.factors else -1
    own = normals(world.seed, THING, 10**6 + 1 + place, 0, (domain.items, world.factors))
    found = _CENTRE * _unit(centres)[category] + _OWN * _unit(own)
    return _unit(found).astype(np.float32)


def _unit(rows: Doubles) -> Doubles:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
