"""GF-CF: graph filters in closed form, near neighbours and a low-pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from crossrec.core.arrays import Codes, Doubles, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import block_labels, silence_strangers
from crossrec.models.classic._growth import grown_of
from crossrec.models.classic._neighbours import similar_items, strongest_term
from crossrec.models.classic._products import dense_scores
from crossrec.models.classic._sparse import dense_product, largest_products, sum_of_rows
from crossrec.models.machine import require_memory
from crossrec.models.recommender import FromScores
from crossrec.models.space import Range, Space

__all__ = ["GFCF"]


@dataclass
class GFCF(FromScores):
    """Smooths a history twice on the graph of users and items: by near neighbours, and by the slowest waves.

    With R scaled to R~ by the roots of both sides' sizes and V its right singular vectors, a history r scores
    r R~'R~ + alpha · r D^-1/2 VV' D^1/2, where D holds the items' sizes.

    Args:
        factors: Singular vectors of the low-pass, >= 1; fewer where the data has fewer.
        alpha: Weight of the low-pass, >= 0.
        neighbours: Cells of R~'R~ kept of each item, the largest, >= 1.

    Source: Shen et al. 2021, "How powerful is graph convolution for recommendation?", the filter called GF-CF: a
    linear one plus alpha times an ideal low-pass. Departs in a sparse R~'R~ of the largest cells, without its
    diagonal (which moves only items that were had), and in silence about items to which no chain of users leads.
    """

    space: ClassVar[Space] = {
        "factors": Range(32, 512, log=True, whole=True),
        "alpha": Range(0.05, 2, log=True),
        "neighbours": Range(50, 2_000, log=True, whole=True),
    }
    factors: int = 256
    alpha: float = 0.3
    neighbours: int = 1000

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> GFCF:  # noqa: ARG002
        """Find the neighbours and the singular vectors.

        Raises:
            InvalidInput: A setting is out of its range.
            OutOfBudget: The vectors would not fit in the memory there is.
        """
        if min(self.factors, self.neighbours) < 1 or not self.alpha >= 0:
            raise InvalidInput(
                "GFCF: expected factors and neighbours >= 1 and alpha >= 0, got "
                f"{self.factors}, {self.neighbours}, {self.alpha}"
            )
        seen = train.csr()
        of_users = np.maximum(np.diff(seen.indptr), 1).astype(np.float64)
        of_items = np.bincount(seen.indices, minlength=seen.shape[1]).astype(np.float64)
        columns = np.maximum(of_items, 1) ** -0.5
        self.weights_ = largest_products(
            seen, (1 / of_users).astype(np.float32), columns.astype(np.float32), self.neighbours
        )
        cells = np.repeat(of_users**-0.5, np.diff(seen.indptr)) * columns[seen.indices]
        scaled = sp.csr_array((cells, seen.indices, seen.indptr), shape=seen.shape)
        self.vectors_ = _slowest_waves(scaled, self.factors)
        self.sizes_ = of_items.astype(np.float32)
        self.blocks_ = block_labels(seen)
        return self.remember(train)

    def update(self, new: Interactions) -> GFCF:
        """Find neighbours and waves again, with what the histories hold; see `Updates`."""
        return self.fit(grown_of(self, new).data)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Filter each history."""
        rows = self.aligned(queries).csr()
        values = self._filtered(rows, self.candidate_codes(candidates))
        return Scores.above(values, np.diff(rows.indptr) > 0)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items that a history of one item scores highest; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        codes = self.catalogue_.codes_of(items)
        ones, size = np.ones(len(codes), dtype=np.float32), len(self.catalogue_)
        rows = self._filtered(sp.csr_array((ones, codes, np.arange(len(codes) + 1)), shape=(len(codes), size)), None)
        rows[rows <= 0] = -np.inf  # no likeness, or one against, is no answer
        return similar_items(self.catalogue_, items, rows, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item that added most to each score; see `Explains`."""
        root = np.sqrt(np.maximum(self.sizes_, 1))

        def terms(past: Codes, shown: Codes) -> Floats:
            low = (self.vectors_[past] / root[past, None]) @ (self.vectors_[shown] * root[shown, None]).T
            near = self.weights_[past][:, shown].toarray()
            found: Floats = (near + np.float32(self.alpha) * low).astype(np.float32)
            return found

        return strongest_term(self.aligned(queries), items, terms)

    def _filtered(self, rows: sp.csr_array, codes: Codes | None) -> Floats:
        """Return Float32[B, I], or [B, C], of histories [B, I]."""
        weights = self.weights_ if codes is None else sp.csr_array(self.weights_[:, codes])
        root = np.sqrt(self.sizes_)
        lighter = rows.data / np.maximum(root[rows.indices], 1)
        waves = sum_of_rows(sp.csr_array((lighter, rows.indices, rows.indptr), shape=rows.shape), self.vectors_)
        values = dense_scores(waves, self.vectors_, codes)
        values *= np.float32(self.alpha) * (root if codes is None else root[codes])
        values += dense_product(rows, weights)
        silence_strangers(values, rows, self.blocks_, codes)  # their products with the waves are chance
        return values


def _slowest_waves(scaled: sp.csr_array, factors: int) -> Floats:
    """Return the right singular vectors of the largest singular values, Float32[I, D]; those of about 0 are left out.

    Args:
        scaled: [U, I] CSR, R~.
        factors: At most so many.
    """
    least = min(scaled.shape)
    wanted = min(factors, least)
    if 2 * wanted < least:
        require_memory(2 * (2 * wanted + 1) * sum(scaled.shape) * 8, f"GFCF with {factors} factors")
        # A fixed start, for ARPACK's own one is drawn anew in each call.
        start = random(0).uniform(0.5, 1.5, least)
        _, values, vectors = svds(scaled, k=wanted, v0=start, tol=_TOLERANCE, return_singular_vectors="vh")  # type: ignore[arg-type]  # the stubs lack it
        return _kept(values.astype(np.float64), vectors.astype(np.float64))
    require_memory(4 * least * least * 8, f"GFCF with {factors} factors")
    wide = scaled.shape[0] < scaled.shape[1]
    gram = (scaled @ scaled.T if wide else scaled.T @ scaled).toarray()
    squares, own = np.linalg.eigh(gram)
    values, own = np.sqrt(np.maximum(squares[::-1][:wanted], 0)), own[:, ::-1][:, :wanted]
    if wide:
        own = (scaled.T @ own) / np.maximum(values, 1e-12)
    return _kept(values, own.T)


def _kept(values: Doubles, vectors: Doubles) -> Floats:
    """Leave out directions in which there is nothing, whose vectors are chance."""
    chosen = values > _NOTHING * max(float(values.max(initial=0)), 1e-12)
    return np.ascontiguousarray(vectors[chosen].T, dtype=np.float32)


_TOLERANCE, _NOTHING = 1e-6, 1e-5
