"""MATLAB files: the one table in them, as rows of text."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import Entry, FileState, file_hash
from crossrec.data.source import FileNote

__all__ = ["matrix_rows"]


def matrix_rows(entry: Entry) -> tuple[pl.LazyFrame, int, FileNote]:
    """Read the largest matrix of numbers in a MATLAB file (up to version 7.2).

    Args:
        entry: A plain file.

    Returns:
        `#file`, `#line` (the row of the matrix, from 1), `#problem`, `#value` (both null) and the columns `0`, `1` …
        as text; the number of columns; the note for the manifest.

    Raises:
        InvalidInput: It is packed, no MATLAB file, damaged, or has no such matrix.
    """
    if entry.compressed:
        raise InvalidInput(f"{entry.label}: expected a plain MATLAB file, got it packed; unpack it first")
    state = FileState.of(entry.path)
    try:
        found = loadmat(entry.path, verify_compressed_data_integrity=True)
    except (
        ValueError,
        TypeError,
        KeyError,
        OSError,
        EOFError,
        MemoryError,
        NotImplementedError,
        MatReadError,
    ) as error:
        raise InvalidInput(
            f"{entry.label}: expected a MATLAB file up to version 7.2, got another or a cut one"
        ) from error
    tables = [value for value in found.values() if isinstance(value, np.ndarray) and value.ndim == 2]
    tables = [value for value in tables if value.dtype.kind in "iuf" and value.size]
    if not tables:
        raise InvalidInput(f"{entry.label}: expected a matrix of numbers, got {', '.join(found) or 'nothing'}")
    table = max(tables, key=len)
    columns = pl.DataFrame({str(place): _text(table[:, place]) for place in range(table.shape[1])})
    rows = columns.with_row_index("#line", offset=1).select(
        pl.lit(entry.label).alias("#file"),
        pl.col("#line").cast(pl.Int64),
        pl.lit(None, pl.String).alias("#problem"),
        pl.lit(None, pl.String).alias("#value"),
        pl.exclude("#line"),
    )
    return rows.lazy(), table.shape[1], FileNote(entry.label, file_hash(entry.path), state.size, state)


def _text(column: np.ndarray[tuple[int], np.dtype[np.generic]]) -> pl.Series:
    """Write numbers as text; whole ones without a point, as ids are."""
    numbers = pl.Series(column)
    if numbers.dtype.is_float() and bool((numbers.is_finite() & (numbers == numbers.round())).all()):
        numbers = numbers.cast(pl.Int64)
    return numbers.cast(pl.String)
