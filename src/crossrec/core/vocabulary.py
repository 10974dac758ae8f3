"""Vocabulary: outside ids <-> codes 0..n-1."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.core.arrays import Codes
from crossrec.core.errors import InvalidInput
from crossrec.core.event import MAX_ID_BYTES, check_id

__all__ = ["Id", "IdValues", "Vocabulary", "check_ids", "id_series"]

Id: TypeAlias = str | int
"""An id as the user wrote it: all of one vocabulary are strings, or all are integers."""
IdValues: TypeAlias = "Sequence[Id] | NDArray[np.generic] | pl.Series"

_SMALL = 512
"""Up to this many ids a dictionary look-up beats building a table."""
_CONTROL = r"[\x00-\x1f\x7f]"


class Vocabulary:
    """The ids of one kind of thing and their codes; immutable.

    Args:
        ids: [n] unique ids, all strings or all integers; the position is the code.

    Raises:
        InvalidInput: Ids repeat, are missing, or are neither strings nor integers.
    """

    def __init__(self, ids: IdValues) -> None:
        self.series = id_series("id", ids)
        if self.series.n_unique() != len(self.series):
            raise InvalidInput(f"vocabulary: expected unique ids, got {len(self.series)} with repeats")

    @classmethod
    def of(cls, values: IdValues) -> Vocabulary:
        """Build the vocabulary of all ids that occur, in sorted order, so that row order never matters."""
        return cls(id_series("id", values).unique().sort())

    def __len__(self) -> int:
        return len(self.series)

    def __contains__(self, value: object) -> bool:
        return value in self._codes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and (self is other or self.series.equals(other.series))

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} {'integers' if self.is_integer else 'strings'})"

    @property
    def is_integer(self) -> bool:
        """Are the ids integers rather than strings?"""
        return self.series.dtype == pl.Int64

    @cached_property
    def ids(self) -> NDArray[np.generic]:
        """[n] the ids by code: int64, or an object array of str."""
        return self.series.to_numpy()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the ids in order, in hexadecimal."""
        digest = hashlib.sha256(b"int" if self.is_integer else b"str")
        if self.is_integer:
            digest.update(self.series.to_numpy().tobytes())
        else:
            lengths = self.series.str.len_bytes().cast(pl.Int64).to_numpy()
            digest.update(lengths.tobytes())
            digest.update("".join(self.series.to_list()).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    @cached_property
    def _codes(self) -> dict[Id, int]:
        return {value: code for code, value in enumerate(self.series.to_list())}

    @cached_property
    def _table(self) -> pl.DataFrame:
        return pl.DataFrame({"id": self.series, "code": np.arange(len(self), dtype=np.int32)})

    def code(self, value: Id) -> int:
        """Return the code of one id, or -1 where it is unknown."""
        return self._codes.get(value, -1)

    def encode(self, values: IdValues) -> Codes:
        """Return [n] codes of the ids, -1 for each that is unknown."""
        if values is self.series:
            return np.arange(len(self), dtype=np.int32)
        if isinstance(values, (list, tuple)) and len(values) <= _SMALL:
            return np.array([self._codes.get(value, -1) for value in values], dtype=np.int32)
        if len(values) == 0:
            return np.empty(0, dtype=np.int32)
        series = id_series("id", values)
        if series.dtype != self.series.dtype:
            return np.full(len(series), -1, dtype=np.int32)
        found = pl.DataFrame({"id": series}).join(self._table, on="id", how="left", maintain_order="left")
        return found["code"].fill_null(-1).to_numpy().astype(np.int32, copy=False)

    def decode(self, codes: NDArray[np.integer]) -> list[Id]:
        """Return the ids of codes >= 0, as the user wrote them (str or int)."""
        values: list[Id] = self.ids[codes].tolist()
        return values


def id_series(name: str, values: IdValues) -> pl.Series:
    """Return ids as a polars series of String or Int64, or refuse them.

    Args:
        name: The column's name, for the message.
        values: Ids as a list, array or series.

    Raises:
        InvalidInput: Missing ids, floats, booleans, or strings and integers mixed.
    """
    series = values if isinstance(values, pl.Series) else _from_values(name, values)
    if series.dtype in (pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    if series.dtype == pl.Null and len(series) == 0:
        series = series.cast(pl.String)
    if series.null_count():
        row = int(series.is_null().arg_max() or 0)
        raise InvalidInput(
            f"{name}: expected an id in every row, got none in row {row} and {series.null_count()} in all"
        )
    if series.dtype.is_integer():
        try:
            return series.cast(pl.Int64)
        except pl.exceptions.InvalidOperationError as error:
            raise InvalidInput(f"{name}: expected integers below 2^63; pass larger ids as strings ({error})") from error
    if series.dtype == pl.String:
        return series
    raise InvalidInput(
        f"{name}: expected ids that are all strings or all integers, got {series.dtype}; "
        "convert them with str() (integers with gaps become floats: drop the empty rows first)"
    )


def check_ids(name: str, ids: pl.Series) -> None:
    """Do `check_id` for a whole column; integers are all fine.

    Args:
        name: The column's name, for the message.
        ids: [n] String or Int64, as `id_series` returns them.

    Raises:
        InvalidInput: An id is empty, too long, or has a control character; the message has its row.
    """
    if ids.dtype != pl.String:
        return
    broken = (ids.str.len_bytes() == 0) | (ids.str.len_bytes() > MAX_ID_BYTES) | ids.str.contains(_CONTROL)
    if broken.any():
        row = int(broken.arg_max() or 0)
        try:
            check_id(name, ids[row])
        except InvalidInput as error:
            raise InvalidInput(f"{error} in row {row}, and {int(broken.sum())} such rows in all") from error


def _from_values(name: str, values: Sequence[Id] | NDArray[np.generic]) -> pl.Series:
    """Make a series of a list or array, refusing what mixes strings and integers."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "U":
        values = values.astype(object)
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError, OverflowError) as error:
        raise InvalidInput(f"{name}: expected ids that are all strings or all integers; {error}") from error
