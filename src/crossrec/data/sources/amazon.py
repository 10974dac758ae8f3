"""Amazon reviews: the 2014 and 2018 5-core files and the 2023 files, with product metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.coded.file import CodedFile
from crossrec.data.coded.reading import Form, read_coded
from crossrec.data.fetching.amazon import EDITIONS, amazon_categories
from crossrec.data.intake.elsewhere import workers_called
from crossrec.data.intake.line_stream import LineStream
from crossrec.data.intake.prescan import Entry, ScannedFile
from crossrec.data.intake.row_checks import EARLIEST, LATEST, WHOLE_UNITS
from crossrec.data.intake.unpacking import ahead
from crossrec.data.numbers.digits import Ranges
from crossrec.data.source import FileNote, Reading, Rules, refused_of
from crossrec.data.sources import _amazon_items, _faults, _files, _json, _lines
from crossrec.data.storing.quarantine import refused_frame

__all__ = ["Amazon"]

_OLD = {"reviewerID": "user_id", "asin": "item_id", "overall": "rating", "unixReviewTime": "timestamp"}
_NEW = {"user_id": "user_id", "parent_asin": "item_id", "rating": "rating", "timestamp": "timestamp"}
_MORE = {
    "ms": {"verified": "verified_purchase", "votes": "helpful_vote", "variant": "asin"},
    "s": {"verified": "verified", "votes": "vote", "odd": "helpful"},
}
"""What becomes the context, and its key, by the unit of the form: some are there in few lines only."""
_CONTEXT = {"verified": "verified", "votes": "helpful_vote", "variant": "asin"}
_RATINGS = (1.0, 5.0)
_AHEAD = 6
"""Blocks that are unpacked while the compiled reader is still being loaded."""
_TYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(("overall", "rating"), pl.Float64()),
    **dict.fromkeys(("unixReviewTime", "timestamp", "helpful_vote"), pl.Int64()),
    **dict.fromkeys(("verified", "verified_purchase"), pl.Boolean()),
    "helpful": pl.List(pl.Int64()),
}
_REVIEWS = ("*.jsonl", "*.json")
_META = ("meta*.jsonl", "meta*.json", "*meta*.jsonl", "*meta*.json")
_FOREIGN = "reviews and products of one category, got {known:,} of {seen:,} reviewed items among {all:,} products"


@dataclass(frozen=True)
class Amazon:
    """Reads review files, one JSON object a line; names of reviewers and texts of reviews are never read.

    Files of 2014 and 2018 have `reviewerID, asin, overall, unixReviewTime` in seconds; those of 2023 have
    `user_id, parent_asin, rating, timestamp` in milliseconds. One category is one import: a folder with the
    reviews of several is refused. The context holds what the file has of `verified`, `helpful_vote` and, in
    2023, the `asin` of the variant that was bought. A refused line is quarantined without its text, which may
    hold a name.

    Products get title, brand (or store), price, category, categories, text (features and description, the
    first 2,000 characters), image (address of the first; no edition has that of the
    product's page) and also_bought (not in 2023). Mean ratings and their
    counts in the metadata are left out: they know the future.

    Args:
        metadata: Path of the product file; empty looks for `meta_<category>` or `meta` beside the reviews.
        text: Read features and descriptions too; false needs less memory.
        encoding: "utf-8" or "latin-1".

    Source: https://jmcauley.ucsd.edu/data/amazon/, https://nijianmo.github.io/amazon/,
    https://amazon-reviews-2023.github.io/.
    """

    metadata: str = ""
    text: bool = True
    encoding: str = "utf-8"

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`.

        Raises:
            InvalidInput: Also where there are several categories, or the products are those of another one.
        """
        entry = _reviews(path)
        columns, unit = _form(set(_json.keys_of(entry, encoding=self.encoding)), entry)
        rows, scanned, coded = self._rows(entry, columns, unit, workspace)
        products = self._products(path, entry)
        found = _amazon_items.read(products, workspace, text=self.text) if products else None
        notes: tuple[str, ...] = ()
        if found and products:
            seen = coded.all_items if coded else rows.select("item_id").unique().collect(engine="streaming")
            notes = _faults.refuse_foreign(
                seen,
                found.items,
                f"{entry.label}, {products.label}",
                words=_FOREIGN,
                remedy="name the right product file with option metadata",
                apart=_published(entry) and _published(products) and _category(entry.name) != _category(products.name),
            )
        return Reading(
            rows=rows,
            rules=Rules(_RATINGS, unit=unit, kind="rate", own_context=True),
            files=(FileNote.of(scanned), *([found.file] if found else [])),
            items=found.items if found else None,
            refused=refused_of(scanned).with_columns(pl.lit(None, pl.String).alias("value")),
            item_refused=found.refused if found else refused_frame(),
            licence="research use; cite McAuley et al.",
            private=True,
            stored=True,
            coded=coded,
            notes=notes,
        )

    def _rows(
        self, entry: Entry, columns: Mapping[str, str], unit: str, workspace: Path
    ) -> tuple[pl.LazyFrame, ScannedFile, CodedFile | None]:
        """Parse the reviews once, as codes; as text where an engine's workers read them, or too many lines are odd."""
        fields, shape = _shape(columns, tuple(_MORE[unit].values()))
        if not workers_called():
            stream = LineStream(entry, encoding=self.encoding)
            keys = {field: key for key, field in columns.items()} | _MORE[unit]
            coded = read_coded(
                ahead(_json.together(stream), _AHEAD),
                Form(keys, Ranges(_RATINGS, (EARLIEST, LATEST), WHOLE_UNITS[unit]), _CONTEXT),
                lambda lines: shape(_json.of_lines(lines, entry.label, fields, None).lazy()).collect(),
                file=entry.label,
                folder=workspace / "coded",
            )
            if coded:
                return coded.lazy(), stream.scanned, coded
        rows, scanned = _json.json_file(entry, workspace, fields, shape, encoding=self.encoding, types=_TYPES)
        return rows, scanned, None

    def _products(self, path: Path, reviews: Entry) -> Entry | None:
        """Find the product file: the one that is named, that of the same category, or the only one."""
        if self.metadata:
            return _files.require(Path(self.metadata), _META, "amazon")
        found = list(dict.fromkeys(_files.find_all(path, _META, beside=True)))
        category = _category(reviews.name)
        same = [entry for entry in found if _category(entry.name) in (category, "")]
        if same or path == reviews.path or not found:
            return same[0] if same else None
        if len(found) > 1:
            names = ", ".join(entry.name for entry in found[:12])
            raise InvalidInput(
                f"amazon: expected one product file, got {names}; none is called like {reviews.name}: "
                "name it with option metadata"
            )
        return found[0]


def _shape(columns: Mapping[str, str], more: Sequence[str]) -> tuple[dict[str, pl.DataType], _json.Shape]:
    """Return the keys that are parsed, and what makes the columns of `Reading.rows` of them."""
    fields: dict[str, pl.DataType] = {name: pl.String() for name in (*columns, *more)}
    if "helpful" in more:
        fields["helpful"] = pl.List(pl.String())
    wanted = {**columns, "#context": "context"}
    return fields, lambda found: _lines.settled(found.with_columns(_context(more)), wanted)


def _reviews(path: Path) -> Entry:
    """Find the file of reviews: the path itself, or the only one that is no metadata."""
    if path.is_file() and path.suffix.lower() != ".zip":
        return Entry(path)
    found = [entry for entry in _files.find_all(path, _REVIEWS) if "meta" not in entry.name.lower()]
    if len(found) > 1:
        names = ", ".join(entry.name for entry in found[:12])
        raise InvalidInput(f"amazon: expected the reviews of one category, got {names}; import each file by itself")
    return found[0] if found else _files.require(path, _REVIEWS, "amazon")


def _category(name: str) -> str:
    """Return what a file is about: `electronics` of `meta_Electronics.jsonl` and `reviews_Electronics_5.json`."""
    stem = name.lower().removesuffix(".jsonl").removesuffix(".json")
    return re.sub(r"^(meta|reviews?)_?|_\d+$", "", stem)


def _published(entry: Entry) -> bool:
    """Is a file called by a category of any edition?"""
    return _category(entry.name) in {name.lower() for edition in EDITIONS for name in amazon_categories(edition)}


def _form(keys: set[str], entry: Entry) -> tuple[dict[str, str], str]:
    """Tell the forms apart by the keys of the first lines."""
    have = {name for name in (*_OLD, *_NEW) if name in keys}
    for columns, unit in ((_NEW, "ms"), (_OLD, "s")):
        if len(have & set(columns)) * 2 > len(columns):
            if missing := [name for name in columns if name not in have]:
                there = ", ".join(sorted(have))
                raise InvalidInput(f"{entry.label}, row 1: expected a key '{missing[0]}', got {there}")
            return columns, unit
    raise InvalidInput(
        f"{entry.label}, row 1: expected keys {', '.join(_OLD)} (2014, 2018) or {', '.join(_NEW)} (2023), "
        f"got {', '.join(sorted(have)) or 'none of them'}"
    )


def _context(keys: Sequence[str]) -> pl.Expr:
    """Write what a review says beside its rating as a JSON object without nulls."""
    parts: list[pl.Expr] = []
    for name in keys:
        value = pl.col(name)
        if name in ("verified", "verified_purchase"):
            parts.append(pl.when(value.is_in(["true", "false"])).then(pl.lit('"verified":') + value))
        elif name == "asin":
            parts.append(pl.when(value.str.contains(r"^[0-9A-Za-z]+$")).then(pl.lit('"asin":"') + value + pl.lit('"')))
        else:
            votes = value.list.get(0, null_on_oob=True) if name == "helpful" else value
            number = votes.str.replace_all(",", "", literal=True).cast(pl.Int64, strict=False).cast(pl.String)
            parts.append(pl.lit('"helpful_vote":') + number)
    inside = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return pl.when(inside != "").then(pl.lit("{") + inside + pl.lit("}")).alias("#context")
