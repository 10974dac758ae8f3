"""Held-out outcomes of several tasks, by which foretold chances are put right."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Bytes, Doubles
from crossrec.core.catalogue import Catalogue
from crossrec.core.clock import random
from crossrec.core.interactions import Interactions
from crossrec.core.vocabulary import Vocabulary
from crossrec.models.training.bags import Bags
from crossrec.models.transfer._acts import bags_by_kind, drawn_items, pairs_of
from crossrec.models.transfer._tasks import ANY, Tasks

__all__ = ["Questions", "questions_of"]

_MOST, _DRAWN = 3_000, 20
"""Persons who are asked, and items drawn for each of them in each domain whose data do not say what was shown."""


class Questions(NamedTuple):
    """A pairs of persons and items that the persons have not had.

    Args:
        bags: B · K bags of what the persons had, kinds innermost.
        rows: Int64[A] which of the B.
        items: Int64[A].
        came: Bool[A, T].
        asked: Bool[A, T], where the pair says anything.
        weights: Float64[A], pairs that each one stands for.
    """

    bags: Bags
    rows: NDArray[np.int64]
    items: NDArray[np.int64]
    came: Bools
    asked: Bools
    weights: Doubles


def questions_of(
    past: Interactions, held: Interactions, catalogue: Catalogue, kinds: Bytes, tasks: Tasks, *, seed: int
) -> Questions | None:
    """Make the questions of what persons had before and what came then; None where nothing came.

    Who did nothing then is asked like everyone: else chances would be those of the persons who did.

    Args:
        past: What histories are made of.
        held: What came.
        catalogue: The model's; items that are not in it are left out, as is who has no history.
        kinds: Int8[K] codes of the kinds that count.
        tasks: What is asked.
        seed: Fixes who is asked, of more than 3,000 persons, and what is drawn.
    """
    chance, domains, size = random(seed), catalogue.domains.astype(np.int64), len(catalogue)
    before = pairs_of(_recoded(past, past.user_ids, catalogue), kinds)
    then = pairs_of(_recoded(held, past.user_ids, catalogue), kinds)
    known = before.acts.any(axis=1)
    persons = np.unique(before.users[known])
    if len(persons) > _MOST:
        persons = np.sort(chance.choice(persons, _MOST, replace=False))
    known &= np.isin(before.users, persons)
    own = before.users[known] * size + before.items[known]
    fresh = np.isin(then.users, persons) & ~np.isin(then.users * size + then.items, own)
    if not fresh.any():
        return None
    both = np.union1d(own, then.users[fresh] * size + then.items[fresh])
    asked = tasks.domains[(tasks.kinds == ANY)]
    who, where = np.repeat(persons, len(asked) * _DRAWN), np.tile(np.repeat(asked, _DRAWN), len(persons))
    others = drawn_items(both, who, domains, where, chance)
    users, items = np.concatenate([then.users[fresh], who]), np.concatenate([then.items[fresh], others])
    none = np.zeros((len(others), len(kinds)), dtype=np.bool_)
    came, told = tasks.answers(domains[items], np.concatenate([then.acts[fresh], none]))
    stands = np.maximum(_left(both, persons, domains)[np.searchsorted(persons, who), where], 1) / _DRAWN
    return Questions(
        bags_by_kind(
            np.searchsorted(persons, before.users[known]),
            before.items[known],
            before.acts[known],
            (len(persons), size),
        ),
        np.searchsorted(persons, users),
        items,
        came,
        told,
        np.concatenate([np.ones(int(fresh.sum())), stands]),
    )


def _recoded(data: Interactions, user_ids: Vocabulary, catalogue: Catalogue) -> Interactions:
    """Return the rows in other codes, without those that have none."""
    users = user_ids.encode(data.user_ids.series)[data.users]
    items = catalogue.ids.encode(data.catalogue.ids.series)[data.items]
    keep = (users >= 0) & (items >= 0)
    told: dict[str, Any] = {"users": users[keep], "items": items[keep], "domains": catalogue.domains[items[keep]]}
    return dataclasses.replace(data.take(keep), user_ids=user_ids, catalogue=catalogue, **told)


def _left(had: NDArray[np.int64], persons: NDArray[np.int64], domains: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return Int64[B, D], items of each domain that each person had neither before nor then."""
    users, items = np.divmod(had, len(domains))
    sizes = np.bincount(domains)
    places = np.searchsorted(persons, users) * len(sizes) + domains[items]
    return sizes - np.bincount(places, minlength=len(persons) * len(sizes)).reshape(len(persons), len(sizes))
