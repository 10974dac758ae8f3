"""Amazon's product files: 2023 and 2018 as JSON lines, 2014 as Python literals."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.data.intake.line_stream import head_lines
from crossrec.data.intake.prescan import Entry
from crossrec.data.source import FileNote, refused_of
from crossrec.data.sources import _json, _lines
from crossrec.data.storing.quarantine import join

__all__ = ["TEXT_CHARACTERS", "Products", "read"]

TEXT_CHARACTERS = 2_000
"""Features and description are kept up to this many characters."""
_BOUGHT_KEPT = 100
_HEAD = 1_000
_LITERAL = "{'"
_TEXTS = ("features", "feature", "description")
_IMAGES = ("images", "imageURLHighRes", "imageURL", "image", "imUrl")
_WORDS = pl.List(pl.String())
_TYPES: dict[str, pl.DataType] = {
    "parent_asin": pl.String(),
    "asin": pl.String(),
    "title": pl.String(),
    "brand": pl.String(),
    "store": pl.String(),
    "price": pl.String(),
    "main_category": pl.String(),
    "main_cat": pl.String(),
    "categories": _WORDS,
    "category": _WORDS,
    "features": _WORDS,
    "feature": _WORDS,
    "description": _WORDS,
    "images": pl.List(pl.Struct({"large": pl.String()})),
    "imageURLHighRes": _WORDS,
    "imageURL": _WORDS,
    "image": _WORDS,
    "imUrl": pl.String(),
    "also_buy": _WORDS,
    "related": pl.Struct({"also_bought": _WORDS}),
}
"""Key of a product in any of the forms -> its type."""


@dataclass(frozen=True)
class Products:
    """What a product file gave.

    Args:
        items: `item_id` and what the form has of title, brand, price, category, categories, text, image, also_bought.
        file: The note for the manifest.
        refused: Lines set aside, without their text.
    """

    items: pl.DataFrame
    file: FileNote
    refused: pl.DataFrame


def read(entry: Entry, workspace: Path, *, text: bool = True) -> Products:
    """Read a product file.

    Args:
        entry: The file.
        workspace: A folder for unpacked text.
        text: Read features and descriptions.

    Raises:
        InvalidInput: The file is empty or damaged.
    """
    fields = _fields([_as_json(line) for line in head_lines(entry, _HEAD)], text=text)
    rows, scanned = _json.json_file(entry, workspace, fields, lambda found: _items(found, fields), rewrite=_rewritten)
    frame, refused = _lines.table_of(rows)
    bad = join([refused, refused_of(scanned)]).with_columns(pl.lit(None, pl.String).alias("value"))
    return Products(frame, FileNote.of(scanned), bad)


def _rewritten(lines: pl.Series) -> pl.Series:
    """Write the Python literals of 2014 as JSON; a line that is none stays as it is and is refused as JSON."""
    if not lines.str.starts_with(_LITERAL).any():
        return lines
    return pl.Series("text", [_as_json(line) for line in lines], dtype=pl.String)


def _as_json(line: str) -> str:
    if not line.startswith(_LITERAL):
        return line
    try:
        return json.dumps(ast.literal_eval(line))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return line


def _fields(lines: list[str], *, text: bool) -> dict[str, pl.DataType]:
    """Choose the keys that the first thousand lines have; 2014 has lists of lists of categories."""
    head = "\n".join(lines)
    fields = {name: dtype for name, dtype in _TYPES.items() if f'"{name}":' in head}
    if re.search(r'"categories":\s*\[\[', head):
        fields["categories"] = pl.List(_WORDS)
    return fields if text else {name: dtype for name, dtype in fields.items() if name not in _TEXTS}


def _items(rows: pl.LazyFrame, fields: dict[str, pl.DataType]) -> pl.LazyFrame:
    """Choose and name the columns: five always, the others where the form has them."""

    def first(*names: str) -> pl.Expr:
        return pl.coalesce(*[name for name in names if name in fields], pl.lit(None, pl.String))

    amount = first("price").str.extract(r"^\s*\$?\s*([\d,]*\.?\d+)\s*$").str.replace_all(",", "", literal=True)
    columns = {
        "item_id": first("parent_asin", "asin"),
        "title": first("title"),
        "brand": first("brand", "store"),
        "price": amount.cast(pl.Float64, strict=False),
        "category": first("main_category", "main_cat"),
    }
    if found := next((name for name in ("categories", "category") if name in fields), None):
        listed = pl.col(found)
        if fields[found] != _WORDS:
            listed = listed.list.eval(pl.element().explode()).list.unique(maintain_order=True)
        columns["categories"] = listed
    if texts := [pl.col(name) for name in _TEXTS if name in fields]:
        joined = pl.concat_str([part.list.join("\n") for part in texts], separator="\n", ignore_nulls=True)
        joined = joined.str.strip_chars().str.slice(0, TEXT_CHARACTERS)
        columns["text"] = pl.when(joined != "").then(joined)
    if images := [_image(name, fields) for name in _IMAGES if name in fields]:
        columns["image"] = pl.coalesce(images)
    for name, value in (("also_buy", pl.col("also_buy")), ("related", pl.col("related").struct.field("also_bought"))):
        if name in fields:
            columns["also_bought"] = value.list.head(_BOUGHT_KEPT)
    return rows.select(*_json.PLACES, *[value.alias(name) for name, value in columns.items()])


def _image(name: str, fields: dict[str, pl.DataType]) -> pl.Expr:
    """Return the address of a product's first image."""
    if fields[name] == pl.String:
        return pl.col(name)
    one = pl.col(name).list.get(0, null_on_oob=True)
    return one.struct.field("large") if name == "images" else one
