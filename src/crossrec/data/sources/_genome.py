"""MovieLens' tag genome: how well each of 1,128 tags fits a film, read in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import Entry, TextFile, prescan
from crossrec.data.source import FileNote, refused_of
from crossrec.data.sources import _faults, _lines
from crossrec.data.sources._fast import fast_csv
from crossrec.data.storing.quarantine import join

__all__ = ["GENOMES", "TAGS_KEPT", "genome_of"]

GENOMES = ("top", "full", "none")
"""What is kept of a film's tags: the best, all, nothing."""
TAGS_KEPT = 20
_BATCH = 500_000
_SCORES = {"item_id": ("movieId",), "tag_id": ("tagId",), "relevance": ("relevance",)}
_NAMES = {"tag_id": ("tagId",), "tag": ("tag",)}


def genome_of(
    scores: Entry, names: Entry, workspace: Path, *, full: bool
) -> tuple[pl.DataFrame, list[FileNote], pl.DataFrame]:
    """Read the genome as one row a film.

    Args:
        scores: `genome-scores.csv`: movieId, tagId, relevance in [0, 1]; 15 million rows.
        names: `genome-tags.csv`: tagId, tag.
        workspace: A folder for unpacked text.
        full: Keep all tags; otherwise the 20 that fit best.

    Returns:
        `item_id` and `genome`, a list of tag and relevance, the best first; the notes of both files; rows that were
        refused.

    Raises:
        InvalidInput: A file is damaged or has other columns, or no score is good.
    """
    tag_text, text = prescan(names, workspace), prescan(scores, workspace)
    header = _lines.header_of(tag_text)
    tags, bad_tags = _lines.table_of(_lines.csv_rows(tag_text, header).rename(_lines.pick(tag_text, header, _NAMES)))
    tags = tags.select("tag_id", "tag").drop_nulls().unique("tag_id", keep="first")
    words = pl.Enum(tags["tag"].unique().sort())  # two bytes a score, not sixteen
    tags = tags.with_columns(pl.col("tag").cast(words))
    columns = _lines.pick(text, _lines.header_of(text), _SCORES)
    try:
        found, bad = _gathered(_fast(text, columns), tags, full=full)
    except pl.exceptions.PolarsError:
        found, bad = None, join([])
    if found is None:
        found, bad = _gathered(_exact(text, columns), tags, full=full, tolerant=True)
    if found is None:
        raise InvalidInput(f"{scores.label}: expected scores of tags, got none that is good of {text.lines - 1} rows")
    plain = pl.List(pl.Struct({"tag": pl.String(), "relevance": pl.Float32()}))
    listed = found.with_columns(pl.col("genome").cast(plain))
    notes = [FileNote.of(text), FileNote.of(tag_text)]
    return listed, notes, join([bad, bad_tags, refused_of(text), refused_of(tag_text)])


def _fast(text: TextFile, columns: dict[str, str]) -> pl.LazyFrame | None:
    """Read plain scores with typed columns."""
    typed = {column: "rating" if name == "relevance" else name for column, name in columns.items()}
    found = fast_csv(text, _lines.header_of(text), typed)
    return None if found is None else found.rows.rename({"rating": "relevance"})


def _exact(text: TextFile, columns: dict[str, str]) -> pl.LazyFrame:
    """Read scores line by line."""
    return _lines.settled(_lines.csv_rows(text, _lines.header_of(text)), columns)


def _gathered(
    rows: pl.LazyFrame | None, tags: pl.DataFrame, *, full: bool, tolerant: bool = False
) -> tuple[pl.DataFrame | None, pl.DataFrame]:
    """Go over the scores batch by batch and keep what is wanted of each film, the best first.

    Returns:
        `item_id` and `genome`, and the refused rows; None where nothing is good, or anything is bad and the
        rows have no place for it.
    """
    kept: list[pl.DataFrame] = []
    bad: list[pl.DataFrame] = []
    for batch in _batches(rows):
        good, refused = _checked(batch.join(tags, on="tag_id", how="left", maintain_order="left"), tolerant=tolerant)
        if refused.height and not tolerant:
            return None, join([])
        bad.append(refused)
        kept.append(_listed(good) if full else _best(good))
        if not full and sum(table.height for table in kept) > 4 * _BATCH:
            kept = [_best(pl.concat(kept))]
    if not any(table.height for table in kept):
        return None, join(bad)
    whole = pl.concat(kept)
    kept.clear()
    return _ranked(whole if full else _listed(whole), full=full), join(bad)


def _listed(scores: pl.DataFrame) -> pl.DataFrame:
    """Gather the scores of each film in a list."""
    pair = pl.struct("tag", "relevance").alias("genome")
    return scores.group_by("item_id", maintain_order=True).agg(pair)


def _ranked(lists: pl.DataFrame, *, full: bool) -> pl.DataFrame:
    """Put the lists of each film together, the best first; of equal ones by the tag's name."""
    whole = lists.group_by("item_id", maintain_order=True).agg(pl.col("genome").explode())
    field = pl.element().struct.field
    best = pl.element().sort_by(field("relevance"), field("tag"), descending=[True, False])
    return whole.with_columns(pl.col("genome").list.eval(best if full else best.head(TAGS_KEPT)))


def _batches(rows: pl.LazyFrame | None) -> Iterator[pl.DataFrame]:
    if rows is not None:
        yield from rows.collect_batches(chunk_size=_BATCH, maintain_order=True)


def _checked(batch: pl.DataFrame, *, tolerant: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take the good scores; a score is in [0, 1] and its tag has a name."""
    relevance = pl.col("relevance").cast(pl.Float32, strict=False)
    outside = (relevance.is_null() | ~relevance.is_between(0.0, 1.0)).fill_null(value=True)
    faults = [
        (pl.col("item_id").is_null() | (pl.col("item_id") == ""), "item_id is missing", "item_id"),
        (pl.col("tag").is_null(), "tag has no name", "tag_id"),
        (outside, "relevance outside 0 to 1", "relevance"),
    ]
    if not tolerant:
        broken = batch.filter(pl.any_horizontal(fault for fault, _, _ in faults))
        return batch.select("item_id", "tag", "relevance"), broken
    judged = _faults.blamed(batch.lazy(), faults).collect()
    good = judged.filter(pl.col("problem").is_null()).select("item_id", "tag", relevance)
    return good, _faults.refused_of_rows(judged)


def _best(scores: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows that may be among the best of their film; of equal ones at the border all."""
    least = scores.group_by("item_id").agg(pl.col("relevance").top_k(TAGS_KEPT).min().alias("least"))
    joined = scores.join(least, on="item_id", how="left", maintain_order="left")
    return joined.filter(pl.col("relevance") >= pl.col("least")).drop("least")
