"""Kinds of items: the categories of the catalogue, or how popular an item is where it has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from crossrec.core.arrays import Bools, Doubles
from crossrec.core.catalogue import Catalogue

__all__ = ["Kinds", "kinds_of"]

_COLUMNS = ("genres", "categories", "category", "genre", "imdb_genres")
_LEAST_KNOWN = 0.5
_MOST = 32


@dataclass(frozen=True, eq=False)
class Kinds:
    """What kinds each item is of.

    Args:
        source: "column genres", or "popularity".
        names: The G kinds.
        parts: [I, G] how much of each kind an item is; rows add up to 1, or are 0 where nothing is known.
    """

    source: str
    names: tuple[str, ...]
    parts: Doubles


def kinds_of(catalogue: Catalogue, popular: dict[str, Bools]) -> Kinds:
    """Tell the kinds of items by the first column of categories that at least half of the items have a value in.

    Of more than 32 categories the rarer ones are one kind, "other". Without such a column the kinds are groups of
    popularity.

    Args:
        catalogue: The items.
        popular: Name -> Bool[I], groups that do not overlap.
    """
    for column in _COLUMNS:
        if catalogue.columns is not None and column in catalogue.columns.columns:
            found = _of_column(catalogue.columns[column], column)
            if found is not None and (found.parts.sum(axis=1) > 0).mean() >= _LEAST_KNOWN:
                return found
    return Kinds("popularity", tuple(popular), np.stack(list(popular.values()), axis=1).astype(np.float64))


def _of_column(values: pl.Series, name: str) -> Kinds | None:
    """Read a column of texts, with bars between several, or of lists of texts."""
    if values.dtype == pl.String:
        values = values.str.split("|")
    if values.dtype != pl.List(pl.String):
        return None
    pairs = pl.DataFrame({"item": np.arange(len(values)), "kind": values}).explode("kind").unique(maintain_order=True)
    pairs = pairs.filter(pl.col("kind").is_not_null() & (pl.col("kind") != ""))
    counted = pairs.group_by("kind").len().sort("len", "kind", descending=[True, False])
    names = counted["kind"].to_list()
    places = {kind: min(place, _MOST - 1) for place, kind in enumerate(names)}
    names = names if len(names) <= _MOST else [*names[: _MOST - 1], "other"]
    parts = np.zeros((len(values), len(names)))
    items, kinds = pairs["item"].to_numpy(), np.array([places[kind] for kind in pairs["kind"].to_list()], np.int64)
    np.add.at(parts, (items, kinds), 1.0)
    totals = parts.sum(axis=1, keepdims=True)
    return Kinds(f"column {name}", tuple(names), np.divide(parts, totals, out=parts, where=totals > 0))
