"""Interactions: who did what to which item, when, in which domain."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Bytes, Codes, Floats, Times
from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput
from crossrec.core.event import NO_ORDER, NO_TIME, is_taste
from crossrec.core.frames import FrameLike, arrays_of, arrow_of, frame_of, pandas_of
from crossrec.core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import scipy.sparse as sp

__all__ = ["SPLITS", "CsrValues", "Interactions", "sparse_rows"]

CsrValues: TypeAlias = Literal["binary", "weights", "ratings"]
SPLITS = ("train", "valid", "test")
"""Names of the parts a source may give; the position is the code in `Interactions.splits`."""
_FEW = 1_024
"""Rows up to which a matrix is sorted together, which costs nothing for empty columns."""


@dataclass(frozen=True, eq=False)
class Interactions:
    """The one table every model reads, as columns of codes; immutable.

    Args:
        users: Int32[N] codes in `user_ids`.
        items: Int32[N] codes in `catalogue`.
        domains: Int16[N] codes in `catalogue.domain_ids`.
        times: Int64[N] milliseconds UTC, `NO_TIME` where unknown.
        weights: Float32[N], > 0.
        kinds: Int8[N] codes in `KINDS`.
        ratings: Float32[N], NaN where there is none.
        positions: Int64[N] order within a user: all that is known where there is no time; `NO_ORDER` where
            not even that is known.
        user_ids: The persons.
        catalogue: The items.
        splits: Int8[N] codes in `SPLITS`, where the source gives a split.

    Raises:
        InvalidInput: Columns differ in length, or a weight is not > 0.
    """

    users: Codes
    items: Codes
    domains: NDArray[np.int16]
    times: Times
    weights: Floats
    kinds: Bytes
    ratings: Floats
    positions: NDArray[np.int64]
    user_ids: Vocabulary
    catalogue: Catalogue
    splits: Bytes | None = None

    def __post_init__(self) -> None:
        for name, column in self._columns().items():
            if len(column) != len(self.users):
                raise InvalidInput(f"interactions: {len(self.users)} users but {len(column)} {name}")
        if len(self.weights) and not float(self.weights.min()) > 0:
            row = int(np.argmin(self.weights))
            raise InvalidInput(f"weight: expected > 0, got {self.weights[row]} in row {row}")

    @classmethod
    def from_frame(
        cls,
        frame: FrameLike,
        *,
        user: str | None = None,
        item: str | None = None,
        rating: str | None = None,
        timestamp: str | None = None,
        unit: str = "ms",
        items: FrameLike | None = None,
    ) -> Interactions:
        """Read a pandas or polars frame, one interaction a row.

        The columns are found by name: `user_id` (or `user`), `item_id` (or `item`), and where they are
        there `rating`, `timestamp`, `domain`, `interaction_type`, `weight`, `position`, `split`.
        Ids come back as they came in; with more than one domain an item is written `books:42`.

        Args:
            frame: The interactions.
            user: The column with the person, if it is called otherwise.
            item: The column with the item, likewise.
            rating: The column with the rating, likewise.
            timestamp: The column with the time, likewise: integers in `unit`, or datetimes.
            unit: "s", "ms" or "us", the unit of integer times.
            items: What is known about the items: `item_id` (and `domain` where there are several) and
                any other columns.

        Raises:
            InvalidInput: A column is missing, an id is empty or breaks a rule of `check_id`, a rating or weight is
                not a number, times are in another unit than said, or a kind is unknown.
        """
        names = {"user_id": user, "item_id": item, "rating": rating, "timestamp": timestamp}
        return cls(**arrays_of(frame, names, unit, items))

    def to_polars(self) -> pl.DataFrame:
        """Return the rows in their order, with the names that files use and ids as they came in.

        The columns are `user_id`, `item_id`, `domain`, `rating` (null where there is none), `timestamp`
        (milliseconds UTC, null likewise), `interaction_type`, `weight`, `position` and, where the source gave
        one, `split`. `from_frame` makes the same interactions of them, with the same fingerprint, as long as
        each user, item and domain of the vocabularies has a row.
        """
        return frame_of(self)

    def to_pandas(self) -> pd.DataFrame:
        """Return the same frame for pandas: `timestamp` is Int64, `rating` has NaN.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return pandas_of(frame_of(self))

    def to_arrow(self) -> pa.Table:
        """Return the same frame as an Arrow table.

        Raises:
            MissingExtra: The extra "arrow" is not installed.
        """
        return arrow_of(frame_of(self))

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        domains = ", ".join(self.catalogue.domain_names)
        return (
            f"Interactions({len(self):,} rows, {len(self.user_ids):,} users, {len(self.catalogue):,} items, {domains})"
        )

    @property
    def item_ids(self) -> Vocabulary:
        """The items' ids."""
        return self.catalogue.ids

    @property
    def has_times(self) -> bool:
        """Does every row have a time?"""
        return len(self) > 0 and int(self.times.min()) != NO_TIME

    @property
    def has_ratings(self) -> bool:
        """Does every row have a rating?"""
        return len(self) > 0 and not bool(np.isnan(self.ratings).any())

    def untimed_domains(self) -> list[str]:
        """Name the domains that have rows without a time."""
        codes = np.unique(self.domains[self.times == NO_TIME])
        return [self.catalogue.domain_names[code] for code in codes]

    def unordered_domains(self) -> list[str]:
        """Name the domains that have rows with neither a time nor an order."""
        codes = np.unique(self.domains[(self.times == NO_TIME) & (self.positions == NO_ORDER)])
        return [self.catalogue.domain_names[code] for code in codes]

    def csr(self, values: CsrValues = "binary") -> sp.csr_array:
        """Return the [U, I] matrix of users and the items they liked (see `liked`), float32, indices sorted.

        Args:
            values: "binary" is 1 for each pair; "weights" adds the weights of repeats; "ratings" keeps the
                last rating of a pair.
        """
        rows = self.liked.ordered() if values == "ratings" else self.liked
        column = rows.ratings if values == "ratings" else rows.weights
        return sparse_rows(rows.users, rows.items, column, (len(self.user_ids), len(self.catalogue)), values)

    @cached_property
    def liked(self) -> Interactions:
        """The rows whose kind says that a person liked the item: what models learn and tests ask for.

        Returns and lists shown are left out; the vocabularies stay.
        """
        taste = is_taste(self.kinds)
        return self if taste.all() else self.take(taste)

    def take(self, rows: Bools | NDArray[np.integer]) -> Interactions:
        """Return some of the rows under the same vocabularies."""
        columns: dict[str, Any] = {name: column[rows] for name, column in self._columns().items()}
        return dataclasses.replace(self, **columns)

    def before(self, time: int) -> Interactions:
        """Return the rows with a time before `time` (milliseconds UTC)."""
        return self.take((self.times < time) & (self.times != NO_TIME))

    def domain(self, name: str) -> Interactions:
        """Return the rows and the items of one domain; ids keep their spelling.

        Raises:
            NotFound: No such domain.
        """
        keep, catalogue = self.catalogue.domain(name)
        recoded = np.full(len(self.catalogue), -1, dtype=np.int32)
        recoded[keep] = np.arange(len(keep), dtype=np.int32)
        rows = self.take(recoded[self.items] >= 0)
        return dataclasses.replace(rows, items=recoded[rows.items], catalogue=catalogue)

    def ordered(self) -> Interactions:
        """Return the rows sorted by user, then time, then position."""
        in_order = bool((self.order == np.arange(len(self))).all())
        return self if in_order else self.take(self.order)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all rows and ids, in hexadecimal."""
        digest = hashlib.sha256()
        for name, column in self._columns().items():
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(column).view(np.uint8).data)
        for ids in (self.user_ids, self.item_ids, self.catalogue.domain_ids):
            digest.update(ids.fingerprint.encode())
        return digest.hexdigest()

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """Int64[N], the rows by user, then time, then position."""
        return np.lexsort((self.positions, self.times, self.users))

    def _columns(self) -> dict[str, NDArray[np.generic]]:
        names = ["users", "items", "domains", "times", "weights", "kinds", "ratings", "positions"]
        names += [] if self.splits is None else ["splits"]
        return {name: getattr(self, name) for name in names}


def sparse_rows(
    rows: NDArray[np.integer], columns: Codes, data: Floats, shape: tuple[int, int], values: CsrValues
) -> sp.csr_array:
    """Build a CSR matrix of float32 from triples, joining repeats of a pair by the rule of `values`.

    Args:
        rows: [N] row numbers.
        columns: [N] column codes; rows with a negative one are left out.
        data: Float32[N]; for "ratings" the later triple of a pair wins, and NaN is left out.
        shape: Rows and columns of the result.
        values: "binary", "weights" or "ratings".
    """
    if values == "ratings" or (len(columns) and int(columns.min()) < 0):
        keep = columns >= 0
        if values == "ratings":
            keep &= ~np.isnan(data)
        rows, columns, data = rows[keep], columns[keep], data[keep]
    if values == "ratings":
        rows, columns, data = _last_of_pairs(rows, columns, data, shape[1])
    import scipy.sparse as sp  # a sixth of a second that reading data does not need

    if len(rows) <= _FEW:
        return _few_rows(rows, columns, data, shape, values)
    if max(shape) <= np.iinfo(np.int32).max:
        rows = rows.astype(np.int32, copy=False)
    triples = sp.coo_array((data.astype(np.float32, copy=False), (rows, columns)), shape=shape)
    matrix = sp.csr_array(triples.tocsc())  # turned twice, each in linear time, rows that came in order are sorted
    if values == "binary":
        matrix.data.fill(1.0)
    return matrix


def _few_rows(
    rows: NDArray[np.integer], columns: Codes, data: Floats, shape: tuple[int, int], values: CsrValues
) -> sp.csr_array:
    """Do `sparse_rows` by sorting: a history costs what it has, and not what the catalogue has."""
    import scipy.sparse as sp

    keys = rows.astype(np.int64) * shape[1] + columns
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    cells = np.full(len(first), values == "binary", dtype=np.float32)
    if values != "binary":
        place = np.repeat(np.arange(len(first)), np.diff(first, append=len(keys)))
        np.add.at(cells, place, data[order].astype(np.float32, copy=False))
    row, column = np.divmod(keys[first], max(1, shape[1]))
    small = np.int32 if max(shape) <= np.iinfo(np.int32).max else np.int64
    indptr = np.searchsorted(row, np.arange(shape[0] + 1))
    return sp.csr_array((cells, column.astype(small), indptr.astype(small)), shape=shape)


def _last_of_pairs(
    rows: NDArray[np.integer], columns: Codes, data: Floats, width: int
) -> tuple[NDArray[np.integer], Codes, Floats]:
    """Keep the last triple of each (row, column) pair."""
    keys = rows.astype(np.int64) * width + columns
    _, first_from_behind = np.unique(keys[::-1], return_index=True)
    last = len(keys) - 1 - first_from_behind
    return rows[last], columns[last], data[last]
