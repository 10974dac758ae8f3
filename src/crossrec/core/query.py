"""Query: who asks, with their history; and Queries, the columnar batch of them that models read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bytes, Codes, Floats, Offsets, Times
from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput
from crossrec.core.event import KIND_CODES, NO_TIME, check_kind, is_taste
from crossrec.core.interactions import CsrValues, sparse_rows
from crossrec.core.vocabulary import Id

if TYPE_CHECKING:
    import scipy.sparse as sp

__all__ = ["Act", "Queries", "Query"]


@dataclass(frozen=True)
class Act:
    """One thing a person did.

    Args:
        item: The item's id, as the model knows it, or as its domain writes it.
        domain: Where; needed only where the id does not say it.
        kind: One of `KINDS`.
        at: Milliseconds UTC, or None.
        value: A rating, where there is one.
    """

    item: Id
    domain: str = ""
    kind: str = "view"
    at: int | None = None
    value: float | None = None


@dataclass(frozen=True)
class Query:
    """One person's question, carrying its own history: oldest act first.

    Args:
        user: The person, or None for someone unknown.
        history: What they did, in order.
        domain: Where to recommend; None is everywhere.
        at: The moment of asking, milliseconds UTC.
        context: Device, place and the like.
    """

    user: Id | None = None
    history: tuple[Act, ...] = ()
    domain: str | None = None
    at: int | None = None
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Queries:
    """A batch of B histories in CSR layout: row b is `items[indptr[b]:indptr[b + 1]]`, oldest first.

    Args:
        indptr: Int64[B + 1] row pointers.
        items: Int32[nnz] codes in `catalogue`, -1 for an item it does not have.
        times: Int64[nnz] milliseconds UTC, `NO_TIME` where unknown.
        kinds: Int8[nnz] codes in `KINDS`.
        values: Float32[nnz] ratings, NaN where there is none.
        weights: Float32[nnz], > 0.
        catalogue: What the codes mean.
        users: The B persons' ids, None for each unknown; or None.
        domain: Where to recommend, the same for the whole batch; None is everywhere.
        had: Int32[M] codes that are not to be recommended either, where a query that is a batch of its own was cut to
            its newest acts; None where nothing was cut.
    """

    indptr: Offsets
    items: Codes
    times: Times
    kinds: Bytes
    values: Floats
    weights: Floats
    catalogue: Catalogue
    users: tuple[Id | None, ...] | None = None
    domain: str | None = None
    had: Codes | None = None

    @classmethod
    def from_queries(cls, queries: Sequence[Query], catalogue: Catalogue) -> Queries:
        """Lay single queries side by side.

        Raises:
            InvalidInput: Kinds are unknown, or the queries ask for different domains.
        """
        domains = {query.domain for query in queries}
        if len(domains) > 1:
            raise InvalidInput(f"domain: expected one target domain a batch, got {sorted(map(str, domains))}")
        acts = [act for query in queries for act in query.history]
        lengths = np.array([len(query.history) for query in queries], dtype=np.int64)
        return cls(
            indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
            items=catalogue.ids.encode([catalogue.resolve(act.item, act.domain) for act in acts]),
            times=np.array([NO_TIME if act.at is None else act.at for act in acts], dtype=np.int64),
            kinds=np.array([KIND_CODES[check_kind(act.kind)] for act in acts], dtype=np.int8),
            values=np.array([np.nan if act.value is None else act.value for act in acts], dtype=np.float32),
            weights=np.ones(len(acts), dtype=np.float32),
            catalogue=catalogue,
            users=tuple(query.user for query in queries),
            domain=next(iter(domains), None),
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __getitem__(self, rows: slice) -> Queries:
        """Return some consecutive queries of the batch."""
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise InvalidInput(f"queries: expected a slice without a step, got step {step}")
        stop = max(start, stop)
        low, high = int(self.indptr[start]), int(self.indptr[stop])
        return dataclasses.replace(
            self,
            indptr=self.indptr[start : stop + 1] - low,
            users=None if self.users is None else self.users[start:stop],
            **{name: getattr(self, name)[low:high] for name in ("items", "times", "kinds", "values", "weights")},
        )

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Int64[nnz] the query that each act belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def csr(self, values: CsrValues = "binary") -> sp.csr_array:
        """Return the [B, I] matrix of histories, float32, indices sorted.

        Unknown items are left out, and acts that do not say that a person liked the item: returns, lists shown.

        Args:
            values: "binary" is 1 for each pair; "weights" adds the weights of repeats; "ratings" keeps the
                last rating of a pair.
        """
        return self.liked.copy() if values == "binary" else self._matrix(values)

    @cached_property
    def liked(self) -> sp.csr_array:
        """The binary `csr` itself, not a copy: read it alone.

        An answer asks for it to score, to silence strangers, and to leave out what was had.
        """
        return self._matrix("binary")

    def _matrix(self, values: CsrValues) -> sp.csr_array:
        column = self.values if values == "ratings" else self.weights
        items = np.where(is_taste(self.kinds), self.items, np.int32(-1))
        return sparse_rows(self.rows, items, column, (len(self), len(self.catalogue)), values)

    def seen(self) -> tuple[Offsets, Codes]:
        """Return the known items of each history as CSR: Int64[B + 1], and codes sorted within a row."""
        return self.liked.indptr.astype(np.int64), self.liked.indices.astype(np.int32)

    def not_again(self) -> tuple[Offsets, Codes]:
        """Return the items that are not to be recommended to who has had them, like `seen`: also those cut off."""
        if self.had is None or len(self) != 1:
            return self.seen()
        codes = np.union1d(self.seen()[1], self.had[self.had >= 0]).astype(np.int32)
        return np.array([0, len(codes)], dtype=np.int64), codes

    def on(self, catalogue: Catalogue) -> Queries:
        """Return the same queries in the codes of another catalogue."""
        if self.catalogue.same_items(catalogue):
            return self if self.catalogue is catalogue else dataclasses.replace(self, catalogue=catalogue)
        recoded = np.append(catalogue.ids.encode(self.catalogue.ids.series), np.int32(-1))
        had = None if self.had is None else recoded[self.had].astype(np.int32)
        return dataclasses.replace(self, items=recoded[self.items].astype(np.int32), catalogue=catalogue, had=had)

    def within(self, catalogue: Catalogue, recode: Callable[[Codes], Codes]) -> Queries:
        """Return what was done with some of the items, asking for all of these; nothing is known of the others.

        Args:
            catalogue: The items.
            recode: Gives for codes here those there, a new array; they rise alike, and are -1 for an item that is not
                there. What it gives for -1 is not asked for.
        """
        items = recode(self.items)
        items[self.items < 0] = -1
        found = dataclasses.replace(self, items=items, catalogue=catalogue, domain=None, had=None)
        if "liked" in self.__dict__:
            found.__dict__["liked"] = _some_columns(self.liked, recode(self.liked.indices), len(catalogue))
        return found

    def to(self, domain: str | None) -> Queries:
        """Return the same queries asking for one domain, or for all."""
        if domain == self.domain:
            return self
        found = dataclasses.replace(self, domain=domain)
        if "liked" in self.__dict__:  # what was had is the same
            found.__dict__["liked"] = self.liked
        return found


def _some_columns(rows: sp.csr_array, codes: Codes, size: int) -> sp.csr_array:
    """Keep the cells of a binary matrix that have a code for their column, >= 0, under it."""
    import scipy.sparse as sp

    keep, counted = codes >= 0, np.zeros(len(codes) + 1, dtype=np.int32)
    np.cumsum(keep, out=counted[1:])
    kept = codes[keep]
    return sp.csr_array((np.ones(len(kept), np.float32), kept, counted[rows.indptr]), shape=(rows.shape[0], size))
