"""Rows of codes to parts by month."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.data.coded.file import CodedFile
from crossrec.data.coded.row import Rows
from crossrec.data.numbers.held import month_number
from crossrec.data.numbers.sink import Survey
from crossrec.data.schema import INTERACTIONS, KIND_TYPE, SPLIT_TYPE
from crossrec.data.storing.counting import Counts
from crossrec.data.storing.months import month_key, sink_month
from crossrec.data.storing.parts import Staged

__all__ = ["sink_coded"]

_WRITERS = 2


def sink_coded(
    coded: CodedFile, odd: pl.DataFrame, folder: Path, *, kind: str, domain: str, shift: int
) -> tuple[list[Staged], Survey]:
    """Write the rows of one file as one part a month.

    Args:
        coded: The file.
        odd: The rows of its odd lines that keep all rules, in the unified schema.
        folder: An empty or new folder.
        kind: What a row is: one of `KINDS`.
        domain: The domain's name.
        shift: What is added to the place of a row in its file; the odd ones have it already.
    """
    keyed = odd.with_columns(month_key().alias("#month"))
    others = {int(key[0]): some for key, some in keyed.partition_by("#month", as_dict=True, include_key=False).items()}
    months = {month_number(month): month for month in coded.rows.months()}
    alike = {
        "split": pl.lit(None, SPLIT_TYPE),
        "domain": pl.lit(domain),
        "interaction_type": pl.lit(kind).cast(KIND_TYPE),
        "weight": pl.lit(1.0, pl.Float32),
    }

    def write(key: int) -> tuple[Staged, bool, list[int]]:
        """Write one month; say whether two of its rows may be the same, and give its first and last time."""
        rows = coded.rows.month(months[key]) if key in months else coded.rows.none
        table = coded.decoded(rows).with_columns(pl.col("position") + shift, **alike).select(list(INTERACTIONS))
        if key in others:
            table = pl.concat([table, others[key]]).sort("position")
        part = sink_month(table, folder, month=key, origin=coded.file)
        times = table["timestamp"].to_numpy()
        return part, key in others or _any_alike(rows), [int(times.min()), int(times.max())]

    with ThreadPoolExecutor(_WRITERS) as writers:  # one makes the next month ready while the other writes
        written = list(writers.map(write, sorted({*months, *others})))
    times = [time for *_, both in written for time in both]
    rows = len(coded.rows) + odd.height
    counts = Counts(
        rows=rows,
        users=pl.concat([coded.users, odd["user_id"]]).n_unique() if odd.height else len(coded.users),
        first=min(times, default=None),
        last=max(times, default=None),
        untimed=0,
        unrated=0,
        unsplit=rows,
    )
    items = coded.item_ids
    items = pl.concat([items, odd["item_id"]]).unique() if odd.height else items
    return [part for part, *_ in written], Survey(counts, items, any(alike for _, alike, _ in written))


def _any_alike(rows: Rows) -> bool:
    """May two rows be the same? They are looked for by a hash of all that differs."""
    hashes = _hashes(rows)
    hashes.sort()
    return bool((hashes[1:] == hashes[:-1]).any())


@numba.njit(cache=True, nogil=True)
def _hashes(rows: Rows) -> NDArray[np.uint64]:
    """Hash all of a row but its place; the finalizer of MurmurHash3, https://github.com/aappleby/smhasher."""
    found = np.empty(len(rows), dtype=np.uint64)
    for place in range(len(rows)):
        row = rows[place]
        key = np.uint64(row.user_id) << np.uint64(32) | np.uint64(row.item_id)
        key = _mixed(key) ^ np.uint64(row.timestamp)
        key = _mixed(key) ^ np.uint64(np.int64(row.rating * 1e6))
        key = _mixed(key) ^ (np.uint64(row.variant + 1) << np.uint64(2) | np.uint64(row.verified + 1))
        found[place] = _mixed(_mixed(key) ^ np.uint64(row.votes))
    return found


@numba.njit(forceinline=True)
def _mixed(key: np.uint64) -> np.uint64:
    """Mix all bits with all."""
    key = (key ^ key >> np.uint64(33)) * np.uint64(0xFF51AFD7ED558CCD)
    key = (key ^ key >> np.uint64(33)) * np.uint64(0xC4CEB9FE1A85EC53)
    return key ^ key >> np.uint64(33)
