"""Placing: where the items of other domains stand in the space of one, by persons and by text."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes, Floats
from crossrec.core.catalogue import Catalogue
from crossrec.models.classic._gradients import Rows, half_sweep
from crossrec.models.transfer._foretelling import foretelling
from crossrec.models.transfer._solving import solved

__all__ = ["Join", "Placed", "joins_of", "placed"]

_PERSONS = 5.0
"""So many persons who had an item and something in the target say as much of its place there as its text."""


class Placed(NamedTuple):
    """The items of all domains in the space of one.

    Args:
        places: Float32[I, D]; zero for an item of which nothing is known.
        persons: Int64[I] who had the item and something in the domain.
        worded: Bool[I], items of other domains whose text counted.
        told: Share of its vectors' spread that the domain's texts foretell; 0 where they foretell nothing.
    """

    places: Floats
    persons: NDArray[np.int64]
    worded: Bools
    told: float


class Join(NamedTuple):
    """What one domain's items are placed by in another's space.

    Args:
        source: Where the items are from.
        target: Whose space it is.
        items: How many items the source has.
        twins: How many of them are an item of the target.
        persons: How many others somebody had who had something in the target too.
        texts: How many others are placed by their text.
        told: See `Placed`.
    """

    source: str
    target: str
    items: int
    twins: int
    persons: int
    texts: int
    told: float

    def __str__(self) -> str:
        name = f"{self.source} -> {self.target}"
        if self.twins + self.persons + self.texts == 0:
            return (
                f"{name}: nothing joins them, so {self.target} is answered from what was had there alone: no person "
                f"is in both, no id of `link` is the same, and no text of {self.target} foretells who had it. Link "
                "accounts, or give the items of both a title, text or tags, or a column with a common id"
            )
        return (
            f"{name}: of {self.items:,} items {self.twins:,} are the same thing as one there, {self.persons:,} are "
            f"placed by persons of both, {self.texts:,} by text, which foretells {self.told:.0%} of an item left out"
        )


def placed(
    told: sp.csr_array, inside: Bools, texts: Floats, factorised: Callable[[sp.csr_array], Floats], l2: float
) -> Placed:
    """Factorise one domain, and place the items of the others in its space.

    Args:
        told: [U, I] CSR of confidence above 1, what is the same thing as an item of the domain moved there.
        inside: Bool[I], the domain's items.
        texts: Float32[I, F] vectors of the items' texts, zero without one.
        factorised: From the cells of the domain to Float32[I', D] vectors in the space where histories are solved.
        l2: Ridge penalty of an item that is placed by persons, > 0.
    """
    own = sp.csr_array(told[:, inside])
    vectors, worded = factorised(own), texts.any(axis=1)
    active = np.flatnonzero(np.diff(own.indptr))
    theirs = sp.csr_array(told[active][:, ~inside].T)
    persons = np.zeros(len(inside), dtype=np.int64)
    persons[inside], persons[~inside] = np.diff(sp.csc_array(own).indptr), np.diff(theirs.indptr)
    places = np.zeros((len(inside), vectors.shape[1]), dtype=np.float32)
    places[inside] = vectors
    start = np.zeros((theirs.shape[0], vectors.shape[1]), dtype=np.float32)
    users = solved(sp.csr_array(own[active]), vectors)
    places[~inside] = half_sweep(start, users, Rows.of(theirs), l2=l2, steps=2 * vectors.shape[1])
    learned = worded & inside & (persons > 0)
    rule = foretelling(texts[learned], places[learned], persons[learned])
    if rule is None:
        return Placed(places, persons, np.zeros(len(inside), dtype=np.bool_), 0.0)
    worded &= ~inside
    near = (persons[worded] / (persons[worded] + _PERSONS)).astype(np.float32)[:, None]
    places[worded] = near * places[worded] + (1 - near) * rule(texts[worded])
    return Placed(places, persons, worded, rule.told)


def joins_of(catalogue: Catalogue, code: int, found: Placed, twins: Codes) -> list[Join]:
    """Say what each other domain's items are placed by in one domain's space.

    Args:
        catalogue: The items.
        code: Of the domain whose space it is.
        found: What `placed` found for it.
        twins: Int32[I] code of the item of that domain which is the same thing, or -1.
    """
    joins = []
    for other, name in enumerate(catalogue.domain_names):
        if other == code:
            continue
        theirs = catalogue.domains == other
        rest = theirs & (twins < 0)
        twinned, near, texts = theirs & ~rest, rest & (found.persons > 0), rest & found.worded
        counts = int(theirs.sum()), int(twinned.sum()), int(near.sum()), int(texts.sum())
        joins.append(Join(name, catalogue.domain_names[code], *counts, round(found.told, 4)))
    return joins
