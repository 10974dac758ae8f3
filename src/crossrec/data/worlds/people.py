"""The users of a world: when they come, where they are active and how much, and what they like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Bools, Doubles, Floats, Times
from crossrec.core.errors import InvalidInput
from crossrec.data.worlds.calendar import arrivals
from crossrec.data.worlds.chances import ACTIVITY, ARRIVAL, CHANGE, PLACES, TASTE, normals, uniforms
from crossrec.data.worlds.domain import Domain
from crossrec.data.worlds.world import World

__all__ = ["People", "Tastes", "people", "tastes"]


@dataclass(frozen=True)
class People:
    """U users.

    Args:
        arrival: Int64[U] seconds since 1970.
        active: Bool[domains, U].
        counts: Int64[domains, U] rows of each, without returns and shown lists.
        lists: Int64[domains, U] lists that each is shown.
        changes: Bool[U]: whose taste changes.
    """

    arrival: Times
    active: Bools
    counts: Times
    lists: Times
    changes: Bools


@dataclass(frozen=True)
class Tastes:
    """Tastes of B users; taste = shared + private.

    Args:
        shared: Float32[B, D], the part that is the same in every domain.
        private: Float32[domains, B, D], the rest; correlated between the domains of a pair of higher transfer.
        later: Float32[domains, B, D], the taste after the change; the same as before for those who keep it.
    """

    shared: Floats
    private: Floats
    later: Floats

    @property
    def early(self) -> Floats:
        """Float32[domains, B, D]: the tastes before the change."""
        return self.shared[None] + self.private


def people(world: World) -> People:
    """Make the users, all of them: some 40 bytes a user and domain.

    Raises:
        InvalidInput: Too few users are active in a domain to have its interactions.
    """
    seed, count = world.seed, world.users
    come = arrivals(
        world, world.new_users, uniforms(seed, ARRIVAL, 0, 0, count), uniforms(seed, ARRIVAL, 10**6, 0, count)
    )
    active = _active(world)
    counts = np.zeros(active.shape, dtype=np.int64)
    lists = np.zeros(active.shape, dtype=np.int64)
    for place, (name, domain) in enumerate(world.domains.items()):
        if not active[place].any():
            raise InvalidInput(f"domains.{name}: nobody is active in it; give it a weight or the world more users")
        counts[place] = _counts(world, name, active[place], place)
        if domain.shown:
            chance = uniforms(seed, PLACES, 10**6 + place, 0, count)
            lists[place] = np.floor(domain.shown.lists + chance) * active[place]
    share = world.taste_change.share if world.taste_change else 0.0
    return People(come, active, counts, lists, uniforms(seed, CHANGE, 0, 0, count) < share)


def tastes(world: World, first: int, changes: Bools) -> Tastes:
    """Make the tastes of some users.

    Args:
        world: Their world.
        first: The number of the first of them.
        changes: Bool[B]: whose taste changes.
    """
    change = world.taste_change
    shared, private = _drawn(world, first, len(changes), TASTE)
    early = shared[None] + private
    later = early
    if change and changes.any():
        other_shared, other_private = _drawn(world, first, len(changes), CHANGE)
        other = other_shared[None] + other_private
        mixed = np.sqrt(1 - change.strength**2) * early + change.strength * other
        later = np.where(changes[None, :, None], mixed, early)
    return Tastes(shared.astype(np.float32), private.astype(np.float32), later.astype(np.float32))


def _drawn(world: World, first: int, count: int, purpose: int) -> tuple[Doubles, Doubles]:
    """Draw the shared part and the private parts, with the stated correlations; unit variance together."""
    size, domains = world.factors, len(world.domains)
    drawn = normals(world.seed, purpose, 1, first, (count, size * (domains + 1))).reshape(count, domains + 1, size)
    values, vectors = np.linalg.eigh(world.correlations() - world.transfer)
    root = vectors * np.sqrt(np.maximum(values, 0))
    private = np.zeros((domains, count, size))
    for one in range(domains):  # term by term: a matrix product may round differently for other chunks
        for other in range(domains):
            private[one] += root[one, other] * drawn[:, other + 1]
    return np.sqrt(world.transfer) * drawn[:, 0], private


def _active(world: World) -> Bools:
    """Choose how many domains each user is active on, then which, by weights without repeats."""
    names, count = list(world.domains), world.users
    if not world.active or len(names) == 1:
        return np.ones((len(names), count), dtype=np.bool_)
    number = 1 + np.searchsorted(np.cumsum(world.active)[:-1], uniforms(world.seed, PLACES, 0, 0, count), side="right")
    keys = np.empty((len(names), count))
    for place, name in enumerate(names):  # the largest u ** (1 / weight) are a weighted choice (Efraimidis, Spirakis)
        keys[place] = np.log(uniforms(world.seed, PLACES, place + 1, 0, count) + 1e-300) / world.domains[name].weight
    ranks = np.argsort(np.argsort(-keys, axis=0, kind="stable"), axis=0, kind="stable")
    return np.asarray(ranks < number[None, :])


def _counts(world: World, name: str, active: Bools, place: int) -> Times:
    """Share a domain's interactions out: log-normal, at least `least`, at most half of the items without repeats."""
    domain = world.domains[name]
    who = np.flatnonzero(active)
    most = _most(domain)
    floor = domain.least
    if not floor * len(who) <= domain.interactions <= most * len(who):
        raise InvalidInput(
            f"domains.{name}.interactions: expected {floor * len(who):,} to {most * len(who):,} with {len(who):,} "
            f"active users, at least {floor:,} and at most {most:,} each, got {domain.interactions:,}"
        )
    spread = np.exp(domain.activity * normals(world.seed, ACTIVITY, place, 0, (world.users, 1))[who, 0])
    counts = np.full(len(who), floor, dtype=np.int64)
    while left := int(domain.interactions - counts.sum()):
        free = np.flatnonzero(counts < most)
        share = spread[free] / spread[free].sum() * left
        room = most - counts[free]
        more = np.minimum(np.floor(share).astype(np.int64), room)
        missing = int(left - more.sum())
        open_to_one = np.flatnonzero(more < room)
        if missing <= len(open_to_one):  # the last ones go to the largest remainders
            order = np.argsort(np.floor(share[open_to_one]) - share[open_to_one], kind="stable")
            more[open_to_one[order[:missing]]] += 1
        counts[free] += more
    found = np.zeros(world.users, dtype=np.int64)
    found[who] = counts
    return found


def _most(domain: Domain) -> int:
    """Return how many rows a user may have."""
    return 10**6 if domain.repeats else max(1, domain.first_items // 2)
