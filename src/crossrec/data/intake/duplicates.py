"""Find rows that say exactly the same twice, within a reading and against what is there, in bounded memory.

There may be many, as in a file that holds all of an older one and more; so they lie on disk, and are known by a hash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from crossrec.data.storing.budget import rows_within
from crossrec.data.storing.parts import PARQUET, Staged, height, scan
from crossrec.data.storing.quarantine import refused_frame

__all__ = ["TWICE", "Repeats", "unnamed", "without_repeats"]

TWICE = pl.format("user {}, item {}", "user_id", "item_id")
"""What is shown of a row that was set aside as a repeat."""

_SAME = ["user_id", "item_id", "timestamp", "rating", "interaction_type", "split", "context"]
_HASH_BYTES, _GROUP_BYTES, _WHOLE_BYTES, _BATCH_BYTES = 20, 60, 600, 4_000
"""What a row takes where its hash is sorted, where equal hashes are looked for, where rows of equal hashes are compared
in full, and where the source is gone over once more."""
_LARGEST = 250_000
"""Rows of the source that are looked at together at most."""


@dataclass(frozen=True)
class Repeats:
    """Parts without repeats, and what was taken out.

    Args:
        staged: The parts, those with repeats written anew; one of repeats alone is left out.
        quarantined: The repeats, which may be many.
        elsewhere: File -> rows of it that another file had brought before.
    """

    staged: tuple[Staged, ...]
    quarantined: pl.LazyFrame
    elsewhere: Mapping[str, int]

    @classmethod
    def none(cls, staged: Iterable[Staged]) -> Repeats:
        """Return the parts as they are."""
        return cls(tuple(staged), refused_frame().lazy(), {})


@dataclass(frozen=True)
class _Source:
    """A part in which repeats are looked for: its place among those of its month, and the file that brought it.

    A part that is there already and stays has no file.
    """

    path: Path
    place: int
    file: str | None


def without_repeats(
    staged: Iterable[Staged],
    rows: pl.LazyFrame,
    given: Collection[str],
    workspace: Path,
    *,
    already: Mapping[str, Collection[Path]],
) -> Repeats:
    """Take exact duplicates out of staged parts; the first of each stays.

    A row is a duplicate when user, item, time, rating, kind, split and context are all the same. Rows are
    compared by a 64-bit hash first; only those whose hash occurs twice are compared in full, month by month.

    Args:
        staged: The parts, in the order of the source.
        rows: The same rows as checked, with `#file` and `#row`, in the order of the source.
        given: Columns that may differ between rows, `user_id` and `item_id` among them.
        workspace: A folder for parts that are written anew.
        already: Month -> parts that are there and stay.

    Raises:
        RuntimeError: A repeat was not found in the source: a fault of ours, and nothing is written.
    """
    parts = list(staged)
    same = [name for name in _SAME if name in given]
    months: dict[str, list[Staged]] = {}
    for part in sorted(parts, key=lambda one: one.month):
        months.setdefault(part.month, []).append(part)
    sources = {month: _sources(already.get(month, ()), mine) for month, mine in months.items()}
    if not _any_twice([one.path for some in sources.values() for one in some], same):
        return Repeats.none(parts)
    folder = workspace / "repeats"
    folder.mkdir(parents=True)
    fresh: dict[Path, Staged | None] = {}
    for number, (month, mine) in enumerate(months.items()):
        written = _twice_in(sources[month], same, folder / f"{number}")
        for part, one in zip(mine, [one for one in sources[month] if one.file is not None], strict=True):
            if written:
                fresh[part.path] = _rewritten(part, one.place, written, workspace / f"unique-{number}")
    found = sorted(folder.glob("*.parquet"))
    if not found:  # two different rows shared a hash
        return Repeats.none(parts)
    twice = pl.scan_parquet(found, glob=False)
    counted = twice.group_by("#file").agg(pl.len(), pl.col("#elsewhere").sum()).collect(engine="streaming")
    away = _where(rows, twice, int(counted["len"].sum()), workspace / "repeated")
    left = (fresh.get(part.path, part) for part in parts)
    elsewhere = {file: count for file, count in counted.select("#file", "#elsewhere").iter_rows() if count}
    return Repeats(tuple(part for part in left if part is not None), away, elsewhere)


def unnamed(value: pl.Expr) -> pl.Expr:
    """Leave out of `TWICE` whose row it is: a user's id may lead to a person; file and row say which it was."""
    return value.str.replace(r"(?s)^user .*, (item )", "$1")


def _sources(old: Collection[Path], new: list[Staged]) -> list[_Source]:
    """Number the parts of one month, those that are there first."""
    named = [(path, None) for path in old] + [(part.path, part.origin) for part in new]
    return [_Source(path, place, file) for place, (path, file) in enumerate(named)]


def _hash(same: list[str]) -> pl.Expr:
    return pl.struct(same).hash(7).alias("#hash")


def _any_twice(paths: list[Path], same: list[str]) -> bool:
    """May a row be there twice? Different rows with one hash count too."""
    count = int(scan(paths).select(pl.len()).collect().item())
    shares = 1 + count // rows_within(_HASH_BYTES)
    hashed = scan(paths).select(_hash(same))
    for share in range(shares):
        part = hashed if shares == 1 else hashed.filter(pl.col("#hash") % shares == share)
        ordered = part.collect(engine="streaming")["#hash"].sort()  # three times as fast as counting distinct values
        if (ordered[1:] == ordered[:-1]).any():
            return True
    return False


def _twice_in(sources: list[_Source], same: list[str], target: Path) -> list[Path]:
    """Write where the new rows of one month stand that occurred before; return the files, none where there are none.

    Their columns are `#file` and `position`, by which they are found in the source, `#place` of the part and `#at` in
    it, and `#elsewhere`: another file had it before.
    """
    numbered = [
        scan([one.path])
        .with_row_index("#at")
        .select(*same, "#at", "position", _hash(same), pl.lit(one.place, pl.Int32).alias("#place"))
        .with_columns(pl.lit(one.file, pl.String).alias("#file"))
        for one in sources
    ]
    count = sum(height(one.path) for one in sources)
    shares = 1 + count // rows_within(_GROUP_BYTES)
    first_new = next(one.place for one in sources if one.file is not None)
    written: list[Path] = []
    for share, suspects in _suspects(numbered, shares):
        mine = [frame.filter(pl.col("#hash") % shares == share) if shares > 1 else frame for frame in numbered]
        found = _later(pl.concat(mine).join(suspects.lazy(), on="#hash", how="semi"), same, first_new)
        if found.height:
            written.append(target.with_name(f"{target.name}-{len(written)}.parquet"))
            found.write_parquet(written[-1], compression="lz4")
    return written


def _suspects(numbered: list[pl.LazyFrame], shares: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """Give hashes that occur twice with their share of all hashes, so many at a time as can be compared in full."""
    hashed = pl.concat([frame.select("#hash") for frame in numbered])
    for share in range(shares):
        mine = hashed.filter(pl.col("#hash") % shares == share) if shares > 1 else hashed
        hashes = mine.collect(engine="streaming")["#hash"]
        twice = hashes.filter(hashes.is_duplicated())
        slices = 1 + len(twice) // rows_within(_WHOLE_BYTES)
        for some in range(slices):
            part = twice.filter(twice // shares % slices == some).unique()
            if len(part):
                yield share, part.to_frame()


def _later(rows: pl.LazyFrame, same: list[str], first_new: int) -> pl.DataFrame:
    """Return those of some rows that are new and say what one before them says."""
    found = rows.collect(engine="streaming").sort("#place", "#at")
    again = ~pl.struct(same).is_first_distinct()
    of = pl.col("#file").first().over(same)
    found = found.with_columns(again.alias("#again"), of.ne_missing(pl.col("#file")).alias("#elsewhere"))
    return found.filter(pl.col("#again") & (pl.col("#place") >= first_new)).select(
        "#file", "position", "#place", "#at", "#elsewhere"
    )


def _rewritten(part: Staged, place: int, written: list[Path], folder: Path) -> Staged | None:
    """Write a part anew without some of its rows; where none is left there is none."""
    mine = pl.scan_parquet(written, glob=False).filter(pl.col("#place") == place)
    away = mine.select("#at").collect(engine="streaming")["#at"].to_numpy()
    if not len(away):
        return part
    keep = np.ones(height(part.path), dtype=np.bool_)
    keep[away] = False
    if not keep.any():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / part.path.name
    marked = pl.concat([scan([part.path]), pl.DataFrame({"#keep": keep}).lazy()], how="horizontal")
    marked.filter("#keep").drop("#keep").sink_parquet(target, **PARQUET)
    return Staged(target, part.month, part.origin)


def _where(rows: pl.LazyFrame, twice: pl.LazyFrame, count: int, folder: Path) -> pl.LazyFrame:
    """Find the places of repeats in the source, and write them as the quarantine has them.

    A row has a position in its file that no other has: a source that gives positions itself takes repeats for acts.
    """
    folder.mkdir()
    key = pl.struct("#file", "position").hash(7).alias("#key")
    keys = twice.select(key).collect(engine="streaming")["#key"].sort().to_numpy()
    shown = rows.with_columns(pl.col("position").cast(pl.Int64)).select(key, "#file", "#row", "user_id", "item_id")
    size = min(_LARGEST, rows_within(_BATCH_BYTES))
    paths: list[Path] = []
    met = 0
    for batch in shown.collect_batches(chunk_size=size, maintain_order=True, engine="streaming"):
        asked = batch["#key"].to_numpy()
        found = batch.filter(keys[np.searchsorted(keys[:-1], asked)] == asked)
        if found.height:
            met += found.height
            paths.append(folder / f"{len(paths)}.parquet")
            found.drop("#key").write_parquet(paths[-1], compression="lz4")
    if met != count:
        raise RuntimeError(f"{count} rows are repeats, and {met} of them were found in the source")
    return pl.scan_parquet(paths, glob=False).select(
        pl.col("#file").alias("file"),
        pl.col("#row").alias("row"),
        pl.lit("").alias("column"),
        pl.lit("duplicate row").alias("reason"),
        TWICE.alias("value"),
    )
