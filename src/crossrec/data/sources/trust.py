"""Ratings with a network of trust: Ciao and Epinions as MATLAB or CSV, FilmTrust as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import Entry, TextFile, prescan
from crossrec.data.source import FileNote, Reading, Rules, rating_range, refused_of
from crossrec.data.sources import _faults, _files, _lines, _matrices
from crossrec.data.sources._ties import checked_ties
from crossrec.data.storing.quarantine import join, refused_frame

__all__ = ["Trust"]

_RATINGS = ("ratings.csv", "ratings.txt", "ratings_data.txt", "rating_with_timestamp.mat", "rating*.mat")
_TRUST = ("trust.csv", "trust.txt", "trust_data.txt", "trustnetwork.mat", "trust*.mat")
_RATED: Mapping[str, Sequence[str]] = {
    "user_id": ("user", "userid", "user_id"),
    "item_id": ("product", "productid", "item", "itemid", "item_id"),
    "category": ("category", "categoryid"),
    "rating": ("rating",),
    "helpfulness": ("helpfulness",),
    "timestamp": ("time", "timestamp"),
}
_TRUSTED: Mapping[str, Sequence[str]] = {
    "user_id": ("truster", "user", "user_id", "from"),
    "other_id": ("trustee", "trusted", "other", "other_id", "to"),
    "weight": ("weight", "value", "trust"),
}
_OPTIONAL = ("category", "helpfulness", "timestamp", "weight")
_WIDTHS = {
    "ratings": {
        3: ("user_id", "item_id", "rating"),
        4: ("user_id", "item_id", "rating", "timestamp"),
        5: ("user_id", "item_id", "category", "rating", "helpfulness"),
        6: ("user_id", "item_id", "category", "rating", "helpfulness", "timestamp"),
    },
    "trust": {2: ("user_id", "other_id"), 3: ("user_id", "other_id", "weight")},
}
"""What the columns are where there is no header, by their number."""


@dataclass(frozen=True)
class Trust:
    """Reads ratings and, beside them, who trusts whom.

    Ratings are `rating_with_timestamp.mat` or `rating.mat` (Ciao, Epinions: user, product, category, rating,
    helpfulness, time), `ratings.csv` with a header, or `ratings.txt` (FilmTrust: user, item, rating); the network
    is `trustnetwork.mat`, `trust.csv` or `trust.txt`: truster, trustee and perhaps a weight. Of a folder with
    both, text is read and not MATLAB. A tie is "trust", in the direction of the file. The category of an item is
    the one most of its ratings name; helpfulness stands in the context. Rows of Ciao and Epinions are reviews:
    one with 0 stars is a "review" without a rating, all others are a "rate".

    Args:
        ratings: Lowest and highest rating, as `0.5-4`; empty is 0.5 to 5.

    Source: Tang et al., mTrust, WSDM 2012, https://www.cse.msu.edu/~tangjili/trust.html (Ciao, Epinions);
    Guo et al., IJCAI 2013 (FilmTrust), https://guoguibing.github.io/librec/datasets.html.
    """

    ratings: str = ""

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`."""
        found = _table(_files.require(path, _RATINGS, "trust"), workspace, "ratings")
        entry = _files.find(path, _TRUST, beside=True)
        network = None if entry is None else _table(entry, workspace, "trust")
        ties, bad = (None, refused_frame()) if network is None else checked_ties(network.rows, "trust")
        tables = [found, network] if network else [found]
        return Reading(
            rows=_rated(found.rows),
            rules=Rules(
                rating_range(self.ratings) or (0.5, 5.0), unit="s", kind="rate", unrated=found.reviews, own_context=True
            ),
            files=tuple(table.file for table in tables),
            items=_categories(found.rows),
            ties=ties,
            refused=found.refused,
            item_refused=join([bad, network.refused]) if network else refused_frame(),
            licence="research use; cite Tang et al. (Ciao, Epinions) or Guo et al. (FilmTrust)",
            ordered=False,
        )


@dataclass(frozen=True)
class _Table:
    """A file taken apart: its rows with the names of the schema, its note, and the lines set aside."""

    rows: pl.LazyFrame
    file: FileNote
    refused: pl.DataFrame

    @property
    def reviews(self) -> bool:
        """Are the rows reviews, which may be without stars?"""
        return "helpfulness" in self.rows.collect_schema().names()


def _table(entry: Entry, workspace: Path, what: str) -> _Table:
    """Read a file of ratings or of trust in any of the forms."""
    if entry.name.endswith(".mat"):
        rows, width, file = _matrices.matrix_rows(entry)
        names = _names(entry, width, what)
        return _Table(rows.rename({str(place): name for place, name in enumerate(names)}), file, refused_frame())
    text = prescan(entry, workspace)
    first = _lines.lines_of(text).head(1).collect()["text"].item()
    separator = next((mark for mark in ("\t", ",", ";") if mark in first), "")
    fields = first.split(separator or None)
    if fields[0].strip('"').replace(".", "").isdigit():
        rows = _lines.delimited(_lines.lines_of(text), separator, _names(entry, len(fields), what))
    else:
        rows = _headed(text, separator, _RATED if what == "ratings" else _TRUSTED)
    return _Table(rows, FileNote.of(text), refused_of(text))


def _names(entry: Entry, width: int, what: str) -> tuple[str, ...]:
    """Say what the columns are by their number."""
    if width not in _WIDTHS[what]:
        known = ", ".join(str(number) for number in _WIDTHS[what])
        raise InvalidInput(f"{entry.label}: expected {known} columns of {what}, got {width}")
    return _WIDTHS[what][width]


def _headed(text: TextFile, separator: str, wanted: Mapping[str, Sequence[str]]) -> pl.LazyFrame:
    """Read a file whose first line names its columns."""
    header = _lines.header_of(text, separator or " ")
    columns = _lines.pick(text, header, wanted, optional=_OPTIONAL)
    return _lines.delimited(_lines.lines_of(text, skip=1), separator, header).rename(columns)


def _rated(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Choose the columns of `Reading.rows`; a review without stars has no rating."""
    have = rows.collect_schema().names()
    columns = {name: name for name in _RATED if name in have and name != "category"}
    settled = _lines.settled(rows, columns)
    if "helpfulness" not in have:
        return settled
    helpful = pl.col("helpfulness").str.strip_chars()
    number = pl.when(helpful.str.contains(r"^-?\d+(\.\d+)?$")).then(helpful)
    starless = (pl.col("rating").cast(pl.Float64, strict=False) == 0).fill_null(value=False)
    missing = (pl.col("rating").is_null() | (pl.col("rating") == ""), "rating is missing", "rating")
    return _faults.blamed(settled, [missing]).select(
        pl.exclude("helpfulness", "rating"),
        pl.when(~starless).then(pl.col("rating")).alias("rating"),
        pl.when(starless).then(pl.lit("review")).otherwise(pl.lit("rate")).alias("interaction_type"),
        (pl.lit('{"helpfulness":') + number + pl.lit("}")).alias("context"),
    )


def _categories(rows: pl.LazyFrame) -> pl.DataFrame | None:
    """Give each item the category that most of its ratings name."""
    if "category" not in rows.collect_schema().names():
        return None
    counted = rows.filter(pl.col("#problem").is_null()).group_by("item_id", "category").len()
    ranked = counted.sort(["item_id", "len", "category"], descending=[False, True, False])
    return ranked.unique("item_id", keep="first", maintain_order=True).drop("len").collect(engine="streaming")
