"""What a model of several kinds of events is asked while it learns, and who is held out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossrec.core.clock import random
from crossrec.core.interactions import SPLITS, Interactions
from crossrec.models.sequence._sequences import rounds
from crossrec.models.training.bags import Bags
from crossrec.models.transfer._acts import Pairs, bags_by_kind, drawn_items
from crossrec.models.transfer._tasks import Tasks

__all__ = ["Batch", "batches_of", "examined", "held_persons"]

_LEAST_EXAMINED, _MOST_EXAMINED = 200, 4_000_000
"""Persons in an exam at least, and pairs of a person and an item at most where they are more."""
_LEAST_PERSONS, _SHARE, _MOST_HELD = 1_000, 0.05, 2_000


class Batch(NamedTuple):
    """A pairs with the rest of the persons' histories.

    Args:
        bags: B · K bags, kinds innermost.
        rows: Int64[A] which of the B histories.
        items: Int64[A].
        came: Float32[A, T] of 0 and 1.
        asked: Float32[A, T], 1 where the pair says anything.
    """

    bags: Bags
    rows: Tensor
    items: Tensor
    came: Tensor
    asked: Tensor


def batches_of(
    pairs: Pairs, tasks: Tasks, domains: NDArray[np.integer[Any]], *, size: int, negatives: int, seed: int, epoch: int
) -> Iterator[Batch]:
    """Give persons of whom a share of the pairs, drawn anew, is asked for and the rest is history.

    The share is drawn without a look at what came, so that the length of a history says nothing of the answer, and
    histories of all lengths are learned.

    Args:
        pairs: To learn from.
        tasks: What is asked.
        domains: Int[I] domain of each item.
        size: Persons of a batch, on average.
        negatives: Items of the same domain drawn for each pair asked where it is not known what was shown.
        seed: With the epoch fixes all that is drawn.
        epoch: The first is 0.
    """
    chance = random(seed * 100_003 + epoch + 1_000_000)
    counts, items = np.bincount(pairs.users), len(domains)
    starts = np.concatenate([[0], np.cumsum(counts)])
    had = pairs.users * items + pairs.items
    for persons in rounds(counts, size, seed=seed, epoch=epoch):
        persons = np.sort(persons)
        mine = np.concatenate([np.arange(starts[one], starts[one + 1]) for one in persons.tolist()])
        rows = np.repeat(np.arange(len(persons)), counts[persons])
        asked = chance.random(len(mine)) < chance.random(len(persons))[rows]
        past, now = mine[~asked], mine[asked]
        if not len(now):
            continue
        drawn = now[~tasks.shown[domains[pairs.items[now]]]].repeat(negatives)
        others = drawn_items(had, pairs.users[drawn], domains, domains[pairs.items[drawn]], chance)
        every = np.concatenate([pairs.items[now], others])
        none = np.zeros((len(others), pairs.acts.shape[1]), dtype=np.bool_)
        came, told = tasks.answers(domains[every], np.concatenate([pairs.acts[now], none]))
        yield Batch(
            bags_by_kind(rows[~asked], pairs.items[past], pairs.acts[past], (len(persons), items)),
            torch.from_numpy(np.searchsorted(persons, np.concatenate([pairs.users[now], pairs.users[drawn]]))),
            torch.from_numpy(every),
            torch.from_numpy(came.astype(np.float32)),
            torch.from_numpy(told.astype(np.float32)),
        )


def held_persons(train: Interactions, seed: int) -> tuple[Interactions, Interactions | None]:
    """Return what to learn from, and a twentieth of the persons, of whom a half of the items is history.

    Of fewer than 1,000 persons nothing is held out.

    Args:
        train: All rows.
        seed: Fixes who, and which half.
    """
    persons = np.unique(train.users)
    if len(persons) < _LEAST_PERSONS:
        return train, None
    chance = random(seed)
    chosen = chance.choice(persons, min(_MOST_HELD, int(_SHARE * len(persons))), replace=False)
    held = np.isin(train.users, chosen)
    rows = train.take(held)
    keys = rows.users.astype(np.int64) * len(train.catalogue) + rows.items
    pairs, place = np.unique(keys, return_inverse=True)
    later = (chance.random(len(pairs)) < 0.5)[place]
    splits = np.where(later, SPLITS.index("valid"), SPLITS.index("train")).astype(np.int8)
    return train.take(~held), dataclasses.replace(rows, splits=splits)


def examined(exam: Interactions | None, items: int, seed: int) -> Interactions | None:
    """Return the rows of so many persons that an exam, which asks about every item, costs little beside an epoch.

    Args:
        exam: What was held out.
        items: Of the catalogue.
        seed: Fixes who.
    """
    if exam is None:
        return None
    persons, most = np.unique(exam.users), max(_LEAST_EXAMINED, _MOST_EXAMINED // items)
    if len(persons) <= most:
        return exam
    return exam.take(np.isin(exam.users, random(seed).choice(persons, most, replace=False)))
