"""Filters by what is known about the items: `genres:Comedy`, `price<=20`, as masks over the catalogue."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl

from crossrec.core.arrays import Bools
from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput, suggestion

__all__ = ["ItemFilters"]

_FORM = re.compile(r"(?P<column>[A-Za-z_][A-Za-z0-9_]*)(?P<sign>:|<=|>=|<|>)(?P<value>.+)", re.DOTALL)
_MOST_FILTERS, _MOST_LENGTH, _KEPT = 10, 500, 256


class ItemFilters:
    """Turns filters into masks; a mask is made once and kept while it is among the recent ones.

    Args:
        catalogue: The items and their columns.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._mask = lru_cache(maxsize=_KEPT)(self._build)

    def mask(self, filters: Sequence[str]) -> Bools | None:
        """Return Bool[I], true for the items that pass all filters; None where there are none.

        Args:
            filters: `column:value` (equal, or in a list; text without regard to case), or a number's
                `column<=value`, `<`, `>=`, `>`. An item without the column's value does not pass.

        Raises:
            InvalidInput: A filter has another form, or names a column the items do not have.
        """
        if not filters:
            return None
        if len(filters) > _MOST_FILTERS or max(map(len, filters)) > _MOST_LENGTH:
            raise InvalidInput(f"where: expected at most {_MOST_FILTERS} filters of {_MOST_LENGTH} characters")
        found: Bools = np.logical_and.reduce([self._mask(one) for one in filters])
        return found

    def _build(self, text: str) -> Bools:
        match = _FORM.fullmatch(text)
        if match is None:
            raise InvalidInput(f"where: expected column:value or column<=number, got '{text}'")
        column = self._column(match["column"])
        if match["sign"] == ":":
            found = _equal(column, match["value"])
        else:
            found = _compared(column, match["sign"], match["value"])
        mask = found.fill_null(False).to_numpy().astype(np.bool_)
        mask.flags.writeable = False
        return mask

    def _column(self, name: str) -> pl.Series:
        columns = self.catalogue.columns
        if columns is None or name not in columns.columns:
            known = [] if columns is None else columns.columns
            raise InvalidInput(f"where: no column '{name}'{suggestion(name, known, listing='The items have')}")
        return columns[name]


def _equal(column: pl.Series, value: str) -> pl.Series:
    """Compare a column of text, numbers, truth values or lists of text with a value."""
    if isinstance(column.dtype, pl.List):
        lowered = column.list.eval(pl.element().cast(pl.String).str.to_lowercase())
        return lowered.list.contains(value.lower())
    if column.dtype == pl.Boolean:
        return column.cast(pl.String) == value.lower()
    if column.dtype.is_numeric():
        return column.cast(pl.Float64) == _number(column.name, value)
    return column.cast(pl.String).str.to_lowercase() == value.lower()


def _compared(column: pl.Series, sign: str, value: str) -> pl.Series:
    if not column.dtype.is_numeric():
        raise InvalidInput(f"where: '{column.name}' is {column.dtype}, not a number; say {column.name}:{value}")
    numbers, limit = column.cast(pl.Float64), _number(column.name, value)
    return {"<": numbers < limit, "<=": numbers <= limit, ">": numbers > limit, ">=": numbers >= limit}[sign]


def _number(name: str, value: str) -> float:
    try:
        found = float(value)
    except ValueError as error:
        raise InvalidInput(f"where: {name}: expected a number, got '{value}'") from error
    if math.isnan(found):  # which compares as larger than every number
        raise InvalidInput(f"where: {name}: expected a number, got '{value}'")
    return found
