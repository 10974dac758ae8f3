"""Tables made of Reddit that are no dumps: sequences of communities, and the titles of top posts."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from crossrec.data.intake.prescan import prescan
from crossrec.data.source import FileNote, Reading, Rules, refused_of
from crossrec.data.sources import _files, _lines
from crossrec.data.storing.quarantine import join

__all__ = ["TITLES", "sequences", "titles"]

TITLES = 40
"""Titles of a community that are kept, those with the highest score first."""
_SEQUENCES = ("*sequences*.csv", "final_data*.csv")
_HEADER = ["", "seq_length", "sub_label", "sub_seqs"]


def sequences(path: Path, workspace: Path) -> Reading | None:
    """Read sequences of communities with the one that came next; None where the path has none.

    A line is a number, a length, the code of the community that came next, and the codes of those before, such as
    `[1, 1, 6]`, with tabs between. Names stand in `vocab.txt` beside, that of code 0 in its first line; a
    community beyond it is called `code:5027`. A sequence is a user, since the set names none: a person may have
    several. What came next is the split "test", all before is "train".

    Raises:
        InvalidInput: A file is empty or damaged.

    Source: https://github.com/pranau97/rnn-reddit-recommender.
    """
    single = path.is_file() and path.suffix.lower() != ".zip"
    entry = _files.find(path, ("*.csv",) if single else _SEQUENCES)
    if entry is None:
        return None
    text = prescan(entry, workspace)
    if _lines.header_of(text, "\t") != _HEADER:
        return None
    named = _files.find(path, ("vocab.txt",), beside=True)
    words = None if named is None else prescan(named, workspace)
    names = [] if words is None else _lines.lines_of(words).select("line", "text").collect().rows()
    called = {str(line - 1): name for line, name in names}
    rows = _lines.settled(
        _lines.delimited_rows(text, "\t", ("user", "length", "next", "before"), skip=1),
        {"user": "user_id", "length": "length", "next": "next", "before": "before"},
    )
    return Reading(
        rows=_events(rows, called),
        rules=Rules(None, kind="comment"),
        files=(FileNote.of(text), *([] if words is None else [FileNote.of(words)])),
        refused=refused_of(text),
        item_refused=refused_of(*([] if words is None else [words])),
        notes=("users are sequences, of which a person may have several",),
        repeats=True,
    )


def _events(rows: pl.LazyFrame, called: dict[str, str]) -> pl.LazyFrame:
    """Make a row of each code of a sequence, and of the one that came next; of a broken line one with its problem."""
    codes = pl.col("before").str.extract_all(r"\d+")
    shaped = pl.col("before").str.contains(r"^\[(\d+(, \d+)*)?\]$") & pl.col("next").str.contains(r"^\d+$")
    broken = ~shaped | (codes.list.len() != pl.col("length").cast(pl.Int64, strict=False).fill_null(-1))
    wrong = pl.col("problem").is_null() & broken.fill_null(value=True)
    all_codes = pl.concat_list(pl.when(~wrong).then(codes).otherwise(pl.lit([], pl.List(pl.String))), "next")
    parts = pl.when(pl.int_range(pl.len()).over("line") < pl.len().over("line") - 1)
    return (
        rows.with_columns(
            pl.when(pl.col("problem").is_null()).then(all_codes).alias("code"),
            pl.when(wrong).then(pl.lit("sequence and length do not fit")).otherwise("problem").alias("problem"),
            pl.when(wrong).then(pl.lit("sub_seqs")).otherwise("problem_column").alias("problem_column"),
            pl.when(wrong).then("before").otherwise("problem_value").alias("problem_value"),
        )
        .explode("code")
        .select(
            "file",
            "line",
            "user_id",
            pl.col("code")
            .replace_strict(called, default=pl.lit("code:") + pl.col("code"), return_dtype=pl.String)
            .alias("item_id"),
            parts.then(pl.lit("train")).otherwise(pl.lit("test")).alias("split"),
            "problem",
            "problem_column",
            "problem_value",
        )
    )


def titles(path: Path, workspace: Path) -> tuple[pl.DataFrame, FileNote, pl.DataFrame]:
    """Read a table of posts with the columns subreddit, score and title: what a community's top posts are called.

    Returns:
        `item_id` (the community) and `text` (the titles of its `TITLES` highest scores, a line each), the file, and
        the lines that were set aside.

    Raises:
        NotFound: It is not there.
        InvalidInput: It has other columns.

    Source: https://github.com/umbrae/reddit-top-2.5-million.
    """
    text = prescan(_files.require(path, ("*posts*.csv", "*.csv"), "reddit: option posts"), workspace)
    header = _lines.header_of(text)
    columns = _lines.pick(text, header, {"item_id": ("subreddit",), "score": ("score",), "title": ("title",)})
    posts, refused = _lines.table_of(_lines.csv_rows(text, header).rename(columns).select("^#.*$", *columns.values()))
    score = pl.col("score").cast(pl.Int64, strict=False).fill_null(0)
    ranked = posts.sort("item_id", score, descending=[False, True], maintain_order=True)
    said = ranked.group_by("item_id", maintain_order=True).agg(
        pl.col("title").head(TITLES).str.join("\n").alias("text")
    )
    return said, FileNote.of(text), join([refused, refused_of(text)])
