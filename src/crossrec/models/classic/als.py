"""Implicit ALS: factors of users and items, fitted in turn by least squares over all cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
import scipy.sparse as sp

from crossrec.core.arrays import Bools, Codes, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import CsrValues, Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations
from crossrec.core.vocabulary import Id
from crossrec.data.engine import AlsSettings, Engine, Factorises
from crossrec.models.classic._blocks import block_labels
from crossrec.models.classic._factors import FromProducts, Products, Reach, similar_by_angle
from crossrec.models.classic._frequency import Turned, frequency_of, half_sweep_scaled, penalties, solve_scaled, turn
from crossrec.models.classic._gradients import (
    Rows,
    confidences,
    half_sweep,
    solve_rows,
    vectors_at_random,
)
from crossrec.models.classic._growth import grown_of
from crossrec.models.classic._neighbours import most_told
from crossrec.models.classic._whitening import whiten
from crossrec.models.progress import tracked
from crossrec.models.recommender import as_queries
from crossrec.models.space import Range, Space

__all__ = ["ALS"]

_TURNS, _MORE = 4, 4
"""In an update: turns of conjugate gradients that users take from nothing, and sweeps after them."""


@dataclass
class ALS(FromProducts):
    """Factors of implicit feedback: what was had counts more, what was not had counts a little as a no.

    A query's vector is solved from its history, also for users of the training data, so a stranger with the
    same history gets the same list.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items, >= 1.
        l2: Ridge penalty on all vectors, > 0; with `nu`, on one of usual frequency.
        alpha: Confidence of a cell that was had is 1 + alpha · strength, alpha > 0.
        by_weight: Take the sum of a pair's weights (repeats, quantities) as its strength, not 1.
        cg_steps: Conjugate gradient steps of a row in each sweep, >= 1; in the whitened basis two reach the loss
            of the usual three.
        nu: The penalty of a user or item grows with its frequency to this power, in [0, 2]; 0 is one for all. The
            frequency is its cells, and the cells it could have at their lower weight: n + others / alpha.
        seed: Fixes the vectors at the start.

    Source: Hu, Koren & Volinsky 2008, equations 3 to 5; conjugate gradients after Takács, Pilászy & Tikk 2011.
    Departs in running them in the space whitened by the Gram matrix: fewer operations, better conditioned.
    The penalty by frequency is that of Rendle et al. 2021, "Revisiting the performance of iALS on item recommendation
    benchmarks"; departs in dividing by the mean frequency, so that one l2 suits any nu.
    """

    space: ClassVar[Space] = {
        "factors": Range(16, 256, log=True, whole=True),
        "epochs": Range(5, 30, whole=True),
        "l2": Range(0.01, 100, log=True),
        "alpha": Range(0.1, 100, log=True),
        "nu": Range(0, 1),
    }
    factors: int = 64
    epochs: int = 15
    l2: float = 1.0
    alpha: float = 10.0
    by_weight: bool = False
    cg_steps: int = 2
    nu: float = 0.0
    seed: int = 0

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> ALS:  # noqa: ARG002
        """Sweep over users and items.

        Raises:
            InvalidInput: A setting is out of its range.
        """
        self._check()
        told = confidences(train.csr(self._values), self.alpha)
        users = vectors_at_random(told.shape[0], self.factors, self.seed)
        items = vectors_at_random(told.shape[1], self.factors, self.seed + 1)
        self._sweep(users, items, told, self.epochs)
        self.blocks_ = block_labels(train.csr())
        return self.remember(train)

    def update(self, new: Interactions) -> ALS:
        """Sweep a few times more, from the items' vectors that there are; see `Updates`.

        Users are solved from them first, items that are new start at random. The vectors that it starts from have
        learned from whoever was erased since; a new fit has not.
        """
        growth = grown_of(self, new)
        told = confidences(growth.data.csr(self._values), self.alpha)
        more = vectors_at_random(told.shape[1], self.factors, self.seed + 1)[len(self.items_) :]
        items, rows = np.vstack([self.items_, more]), Rows.of(told)
        users = np.zeros((told.shape[0], self.factors), dtype=np.float32)
        for _ in range(_TURNS):
            users = self._improved(users, items, rows, _usual(rows, told.shape[1], self.alpha))
        self._sweep(users, items, told, _MORE)
        self.blocks_ = block_labels(growth.data.csr())
        return self.remember(growth.data)

    def fit_on(self, train: Interactions, engine: Engine, workspace: Path) -> ALS:
        """Learn the items' vectors on an engine; users are solved here, as always. See `FitsOnEngine`.

        MLlib's penalty of a user or item grows with its cells. With n users, m items and c cells it is told
        l2 · sqrt(n · m) / c, so that the penalties of an average user and an average item multiply to l2². Its items'
        vectors are then brought to the length that makes both sides' squares equal, as they are with one l2 for both.

        Raises:
            InvalidInput: A setting is out of its range, or the engine does not factorise.
        """
        self._check()
        if not isinstance(engine, Factorises):
            raise InvalidInput(f"ALS: expected an engine that factorises (spark), got {type(engine).__name__}")
        seen = train.csr(self._values).tocoo()
        users, items = np.unique(seen.row), np.unique(seen.col)
        path = workspace / "cells.parquet"
        cells = {"user": seen.row.astype(np.int32), "item": seen.col.astype(np.int32), "strength": seen.data}
        pl.DataFrame(cells).write_parquet(path, row_group_size=1_000_000)
        penalty = self.l2 * float(np.sqrt(len(users) * len(items))) / max(1, seen.nnz)
        found = engine.item_factors([path], AlsSettings(self.factors, self.epochs, penalty, self.alpha, self.seed))
        length = float(np.sum(found.vectors.astype(np.float64) ** 2))
        vectors = np.zeros((len(train.catalogue), self.factors), dtype=np.float32)
        vectors[found.items] = found.vectors * np.float32((found.user_square / max(length, 1e-30)) ** 0.25)
        self.usual_ = _usual(Rows.of(train.csr()), len(train.catalogue), self.alpha)
        self.blocks_ = block_labels(train.csr())
        self._keep(vectors)
        return self.remember(train)

    def products(self, queries: Queries) -> Products:
        """Solve each history's vector; see `FromProducts`."""
        vectors, known = self._solved(queries)
        if not hasattr(self, "blocks_"):  # saved by a release that did not keep them
            self.blocks_ = block_labels(self.histories_.acts.csr())
        return Products(vectors[None], self.whitened_, known, reach=Reach(queries.csr(), self.blocks_))

    def embed(self, queries: Queries) -> Floats:
        """Return each history's vector; see `Embeds`."""
        return self._solved(self.aligned(queries))[0]

    def item_vectors(self) -> Floats:
        """Return the items' vectors; see `Embeds`."""
        as_queries(self, [])  # refuses before fit
        return self.whitened_

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items whose vectors point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        return similar_by_angle(self.catalogue_, items, self.items_, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item that added most to each score; see `Explains`."""
        told = confidences(self.aligned(queries).csr(self._values), self.alpha)
        reasons = np.full(items.shape, -1, dtype=np.int32)
        for row in range(len(items)):  # a page of answers, not a data set
            part = slice(told.indptr[row], told.indptr[row + 1])
            past, shown = told.indices[part], self.whitened_[np.maximum(items[row], 0)]
            best = most_told(self.whitened_[past], told.data[part], shown, self._diagonal(len(past)))
            reasons[row] = np.where(items[row] >= 0, np.append(past, -1)[best], -1)
        return reasons

    def _check(self) -> None:
        """Refuse settings out of range."""
        if not 0 <= self.nu <= 2:
            raise InvalidInput(f"ALS: expected nu in [0, 2], got {self.nu}")
        if min(self.factors, self.epochs, self.cg_steps) < 1 or not self.l2 > 0 or not self.alpha > 0:
            raise InvalidInput(
                "ALS: expected factors, epochs and cg_steps >= 1, l2 and alpha > 0, got "
                f"{self.factors}, {self.epochs}, {self.cg_steps}, {self.l2}, {self.alpha}"
            )

    @property
    def _values(self) -> CsrValues:
        """Where the strength of a cell comes from."""
        return "weights" if self.by_weight else "binary"

    def _sweep(self, users: Floats, items: Floats, told: sp.csr_array, epochs: int) -> None:
        """Improve users and items in turn, and keep the items."""
        by_user, by_item = Rows.of(told), Rows.of(sp.csr_array(told.T.tocsr()))
        self.usual_ = _usual(by_user, told.shape[1], self.alpha)
        of_item = _usual(by_item, told.shape[0], self.alpha)
        for _ in tracked("epochs", range(epochs)):
            users = self._improved(users, items, by_user, self.usual_)
            items = self._improved(items, users, by_item, of_item)
        self._keep(items)

    def _improved(self, own: Floats, other: Floats, rows: Rows, usual: float) -> Floats:
        """Do half a sweep, with one penalty for all or with each row's own."""
        if self.nu == 0:
            return half_sweep(own, other, rows, l2=self.l2, steps=self.cg_steps)
        frequency = frequency_of(np.diff(rows.indptr), len(other), self.alpha)
        penalty = penalties(frequency, usual, self.l2, self.nu)
        return half_sweep_scaled(own, other, rows, penalty, steps=self.cg_steps)

    def _keep(self, items: Floats) -> None:
        """Keep the items' vectors, and as queries are solved: whitened, or on the axes of their Gram matrix."""
        self.items_ = items
        there = whiten(items, self.l2) if self.nu == 0 else turn(items)
        self.whitened_ = there.vectors
        self.spectrum_ = there.spectrum if isinstance(there, Turned) else np.zeros(0, dtype=np.float32)

    def _diagonal(self, size: int) -> Floats:
        """Return what stands on the diagonal of the system of a history of so many items, Float32[D]."""
        ones = np.ones(self.whitened_.shape[1], dtype=np.float32)
        if not self._scaled:
            return ones
        frequency = frequency_of(np.array([size]), len(self.whitened_), self.alpha)
        return self.spectrum_ + penalties(frequency, self.usual_, self.l2, self.nu) * ones

    @property
    def _scaled(self) -> bool:
        """Has each row a penalty of its own? Releases that knew no other kept no spectrum."""
        return len(getattr(self, "spectrum_", ())) > 0

    def _solved(self, queries: Queries) -> tuple[Floats, Bools]:
        """Return each history's vector in the space of the kept items, and whether there is a history."""
        rows = Rows.of(confidences(queries.csr(self._values), self.alpha))
        vectors = np.zeros((len(queries), self.whitened_.shape[1]), dtype=np.float32)
        steps = 2 * vectors.shape[1]  # to the end, not a few steps
        if self._scaled:
            there = Turned(self.whitened_, self.spectrum_, np.zeros((0, 0), dtype=np.float32))
            frequency = frequency_of(np.diff(rows.indptr), len(self.whitened_), self.alpha)
            solve_scaled(vectors, there, rows, penalties(frequency, self.usual_, self.l2, self.nu), steps=steps)
        else:
            solve_rows(vectors, self.whitened_, rows, steps=steps)
        return vectors, np.diff(rows.indptr) > 0


def _usual(rows: Rows, others: int, alpha: float) -> float:
    """Return the mean frequency of the rows that have cells."""
    sizes = np.diff(rows.indptr)
    return float(frequency_of(sizes[sizes > 0], others, alpha).mean()) if sizes.any() else 1.0
