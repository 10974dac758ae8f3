"""Find rows that say exactly the same twice, within a reading and against what is there, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.data.storing.budget import rows_within
from crossrec.data.storing.parts import Staged, height, scan
from crossrec.data.storing.quarantine import refused_frame

__all__ = ["TWICE", "Repeats", "unnamed", "without_repeats"]

TWICE = pl.format("user {}, item {}", "user_id", "item_id")
"""What is shown of a row that was set aside as a repeat."""

_SAME = ["user_id", "item_id", "timestamp", "rating", "interaction_type", "split", "context"]
_HASH_BYTES, _GROUP_BYTES = 20, 60
"""What a row takes where its hash is sorted, and where equal hashes are looked for."""


@dataclass(frozen=True)
class Repeats:
    """Parts without repeats, and what was taken out.

    Args:
        staged: The parts, those with repeats written anew; one of repeats alone is left out.
        quarantined: The repeats.
        elsewhere: File -> rows of it that another file had brought before.
    """

    staged: tuple[Staged, ...]
    quarantined: pl.DataFrame
    elsewhere: Mapping[str, int]


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
    """
    parts = list(staged)
    same = [name for name in _SAME if name in given]
    months = sorted({part.month for part in parts})
    paths = {month: [part.path for part in parts if part.month == month] for month in months}
    old = {month: list(already.get(month, ())) for month in months}
    if not _any_twice([path for month in months for path in (*old[month], *paths[month])], same):
        return Repeats(tuple(parts), refused_frame(), {})
    fresh: dict[Path, Staged | None] = {}
    doubles: list[pl.DataFrame] = []
    for number, month in enumerate(months):
        found = _twice_in(old[month], paths[month], same)
        if found.height:
            doubles.append(found.select(*same, "#old"))
            for part in (part for part in parts if part.month == month):
                fresh[part.path] = _rewritten(part, found, workspace / f"unique-{number}")
    if not doubles:  # two different rows shared a hash
        return Repeats(tuple(parts), refused_frame(), {})
    away, elsewhere = _where(rows, pl.concat(doubles), same)
    left = (fresh.get(part.path, part) for part in parts)
    return Repeats(tuple(part for part in left if part is not None), away, elsewhere)


def unnamed(value: pl.Expr) -> pl.Expr:
    """Leave out of `TWICE` whose row it is: a user's id may lead to a person; file and row say which it was."""
    return value.str.replace(r"(?s)^user .*, (item )", "$1")


def _any_twice(paths: list[Path], same: list[str]) -> bool:
    """May a row be there twice? Different rows with one hash count too."""
    count = int(scan(paths).select(pl.len()).collect().item())
    shares = 1 + count // rows_within(_HASH_BYTES)
    hashed = scan(paths).select(pl.struct(same).hash(7).alias("hash"))
    for share in range(shares):
        part = hashed if shares == 1 else hashed.filter(pl.col("hash") % shares == share)
        ordered = part.collect(engine="streaming")["hash"].sort()  # three times as fast as counting distinct values
        if (ordered[1:] == ordered[:-1]).any():
            return True
    return False


def _twice_in(old: list[Path], new: list[Path], same: list[str]) -> pl.DataFrame:
    """Return the new rows of one month that occurred before: `same`, `#path`, `#at`, and `#old`: it was there."""
    sources = [(path, True) for path in old] + [(path, False) for path in new]
    numbered = [
        scan([path])
        .with_row_index("#at")
        .select(*same, "#at", pl.lit(str(path)).alias("#path"), pl.lit(value=was).alias("#was"))
        for path, was in sources
    ]
    count = sum(height(path) for path, _ in sources)
    shares = 1 + count // rows_within(_GROUP_BYTES)
    return pl.concat([_twice_of(numbered, same, share, shares) for share in range(shares)])


def _twice_of(numbered: list[pl.LazyFrame], same: list[str], share: int, shares: int) -> pl.DataFrame:
    """Return the rows that occurred before, of one share of the hashes: equal rows are in one share."""
    hash_of = pl.struct(same).hash(7)
    mine = [frame.filter(hash_of % shares == share) if shares > 1 else frame for frame in numbered]
    hashed = pl.concat([frame.select(hash_of.alias("hash")) for frame in mine])
    suspect = hashed.collect(engine="streaming")["hash"].is_duplicated()
    rows = pl.concat(mine).with_columns(suspect.alias("#suspect")).filter(pl.col("#suspect")).collect()
    later = ~pl.struct(same).is_first_distinct()
    rows = rows.with_columns(pl.col("#was").any().over(same).alias("#old"), later.alias("#later"))
    return rows.filter(pl.col("#later") & ~pl.col("#was")).select(*same, "#path", "#at", "#old")


def _rewritten(part: Staged, doubles: pl.DataFrame, folder: Path) -> Staged | None:
    """Write a part anew without some of its rows; where none is left there is none."""
    away = doubles.filter(pl.col("#path") == str(part.path))["#at"]
    if not len(away):
        return part
    if len(away) == height(part.path):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / part.path.name
    rest = scan([part.path]).with_row_index("#at").filter(~pl.col("#at").is_in(away.implode())).drop("#at")
    rest.sink_parquet(target, compression="zstd", compression_level=1, statistics=True)
    return Staged(target, part.month, part.origin)


def _where(rows: pl.LazyFrame, doubles: pl.DataFrame, same: list[str]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Find the places of repeats in the source: all but the first of each, or all where the first was there before."""
    groups = doubles.group_by(same).agg(pl.col("#old").any())
    found = (
        rows.select(*same, "#file", "#row")
        .join(groups.lazy(), on=same, how="inner", nulls_equal=True, maintain_order="left")
        .collect(engine="streaming")
    )
    found = found.with_columns(
        pl.struct(same).is_first_distinct().alias("#first"), pl.col("#file").first().over(same).alias("#of")
    )
    away = found.filter(pl.col("#old") | ~pl.col("#first"))
    elsewhere = away.filter(pl.col("#old") | (pl.col("#of") != pl.col("#file")))
    return (
        away.select(
            pl.col("#file").alias("file"),
            pl.col("#row").alias("row"),
            pl.lit("").alias("column"),
            pl.lit("duplicate row").alias("reason"),
            TWICE.alias("value"),
        ),
        dict(Counter(elsewhere["#file"].to_list())),
    )
