"""How much is known about the items: for each column and topic, the share of items that have it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

__all__ = ["TOPICS", "ColumnCoverage", "Coverage", "coverage_of"]

TOPICS = {
    "title": r"title|name",
    "text": r"description|text|plot|summary|features|overview|selftext|body|details",
    "categories": r"genre|categor|tag|shel(f|ves)|topic|subject|type",
    "price": r"price|cost",
    "creators": r"author|artist|brand|creator|director|writer|cast|publisher|store|developer",
    "links": r"link|url|imdb|tmdb|isbn|asin|image|doi",
}
"""What a report asks for, and the column names that answer."""


@dataclass(frozen=True)
class ColumnCoverage:
    """One column of the catalogue.

    Args:
        name: The column.
        topic: One of `TOPICS`, or "other".
        filled: Items with a value: not null, not an empty text or list.
        middle: The middle number of characters of texts or entries of lists; None for other types.
    """

    name: str
    topic: str
    filled: int
    middle: float | None


@dataclass(frozen=True)
class Coverage:
    """The catalogue.

    Args:
        items: Items in it.
        topics: Topic -> items with a value in any of its columns.
        columns: One entry each, as in the file.
    """

    items: int
    topics: dict[str, int]
    columns: tuple[ColumnCoverage, ...]


def coverage_of(items: pl.DataFrame | pl.LazyFrame) -> Coverage:
    """Count what is filled in.

    Args:
        items: The catalogue: `item_id` and any columns.
    """
    table = items.lazy()
    schema = table.collect_schema()
    names = [name for name in schema if name not in ("item_id", "domain")]
    topic_of = {name: _topic(name) for name in names}
    wanted = [pl.len().alias("items")]
    for place, name in enumerate(names):
        wanted.append(_filled(name, schema[name]).sum().alias(f"filled {place}"))
        if (size := _size(name, schema[name])) is not None:
            wanted.append(size.filter(_filled(name, schema[name])).median().alias(f"middle {place}"))
    for topic in TOPICS:
        own = [_filled(name, schema[name]) for name in names if topic_of[name] == topic]
        wanted += [pl.any_horizontal(own).sum().alias(f"topic {topic}")] if own else []
    found = table.select(wanted).collect(engine="streaming").row(0, named=True)
    columns = tuple(
        ColumnCoverage(name, topic_of[name], int(found[f"filled {place}"] or 0), found.get(f"middle {place}"))
        for place, name in enumerate(names)
    )
    return Coverage(int(found["items"]), {topic: int(found.get(f"topic {topic}") or 0) for topic in TOPICS}, columns)


def _topic(name: str) -> str:
    """Find the topic of a column by the first that matches its name."""
    for topic, pattern in TOPICS.items():
        if pl.Series([name.lower()]).str.contains(rf"(^|_|-| )({pattern})").item():
            return topic
    return "other"


def _filled(name: str, kind: pl.DataType) -> pl.Expr:
    """Say of each item whether it has a value."""
    column = pl.col(name)
    if kind == pl.String:
        return column.str.strip_chars().str.len_bytes().fill_null(0) > 0
    if isinstance(kind, pl.List):
        return column.list.len().fill_null(0) > 0
    return column.is_not_null() & ~column.is_nan() if kind.is_float() else column.is_not_null()


def _size(name: str, kind: pl.DataType) -> pl.Expr | None:
    """Return the length of texts and lists, None for what has none."""
    if kind == pl.String:
        return pl.col(name).str.len_chars()
    return pl.col(name).list.len() if isinstance(kind, pl.List) else None
