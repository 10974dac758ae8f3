"""Catalogue: the items there are, the domain of each, and what is known about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes
from crossrec.core.errors import InvalidInput, NotFound, unknown_name
from crossrec.core.vocabulary import Id, Vocabulary

__all__ = ["Catalogue", "join_id", "join_ids", "split_id"]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The items of a data set; the position of an item is its code everywhere.

    Args:
        ids: The items' ids; with several domains `domain:native id`.
        domains: Int16[I] domain code of each item.
        domain_ids: The domains' names.
        columns: I rows in code order with `item_id` and text, category, price …; or None.
    """

    ids: Vocabulary
    domains: NDArray[np.int16]
    domain_ids: Vocabulary
    columns: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        if len(self.domains) != len(self.ids):
            raise InvalidInput(f"catalogue: {len(self.ids)} items but {len(self.domains)} domain codes")
        if self.columns is not None and self.columns.height != len(self.ids):
            raise InvalidInput(f"catalogue: {len(self.ids)} items but {self.columns.height} rows of columns")

    def __len__(self) -> int:
        return len(self.ids)

    def same_items(self, other: Catalogue) -> bool:
        """Do both have the same ids under the same codes?"""
        return self is other or self.ids is other.ids or self.ids == other.ids

    @property
    def domain_names(self) -> list[str]:
        """The domains' names by code."""
        return [str(name) for name in self.domain_ids.series.to_list()]

    def in_domain(self, name: str) -> Bools:
        """Return Bool[I], true for the items of one domain.

        Raises:
            NotFound: No such domain; the message has the nearest.
        """
        code = self.domain_ids.code(name)
        if code < 0:
            raise unknown_name("domain", name, self.domain_names)
        return np.asarray(self.domains == code)

    def domain(self, name: str) -> tuple[Codes, Catalogue]:
        """Return the codes of a domain's items, rising, and the catalogue of these alone: one object at each call.

        Raises:
            NotFound: No such domain.
        """
        if name not in self._by_domain:
            keep = np.flatnonzero(self.in_domain(name)).astype(np.int32)
            self._by_domain[name] = keep, self.restrict(keep)
        return self._by_domain[name]

    @cached_property
    def _by_domain(self) -> dict[str, tuple[Codes, Catalogue]]:
        return {}

    def resolve(self, item: Id, domain: str | None = None) -> Id:
        """Return an item's id as this catalogue has it: `films:42` for the native id 42 of films.

        Args:
            item: An id of the catalogue, or a domain's own.
            domain: Where the item is from; asked only where the id alone is none of the catalogue's.
        """
        if domain and item not in self.ids and (joined := join_id(domain, item)) in self.ids:
            return joined
        return item

    def codes_of(self, candidates: Sequence[Id]) -> Codes:
        """Return the codes of candidate ids, in their order.

        Raises:
            NotFound: An id is not in the catalogue.
        """
        codes = self.ids.encode(candidates)
        if len(codes) and int(codes.min()) < 0:
            unknown = candidates[int(np.argmin(codes))]
            raise NotFound(f"no item called {unknown!r} in this catalogue of {len(self)} items")
        return codes

    @cached_property
    def titles(self) -> list[str] | None:
        """The items' titles by code, the id where one is missing; None where no source gave titles."""
        if self.columns is None or "title" not in self.columns.columns:
            return None
        title = self.columns["title"].to_list()
        return [text or str(item) for text, item in zip(title, self.ids.series.to_list(), strict=True)]

    def restrict(self, keep: Codes) -> Catalogue:
        """Return the catalogue of these items alone, in this order."""
        columns = None if self.columns is None else self.columns[keep]
        return Catalogue(Vocabulary(self.ids.series[keep]), self.domains[keep], self.domain_ids, columns)


def join_id(domain: str, native: Id) -> str:
    """Write an item of one of several domains: `books:42`.

    >>> join_id("books", "a:b%")
    'books:a%3Ab%25'
    """
    return f"{domain}:{str(native).replace('%', '%25').replace(':', '%3A')}"


def split_id(joined: str) -> tuple[str, str]:
    """Take `books:42` apart; the inverse of `join_id`.

    Raises:
        InvalidInput: There is no colon in it.

    >>> split_id("books:a%3Ab%25")
    ('books', 'a:b%')
    """
    domain, colon, native = joined.partition(":")
    if not colon:
        raise InvalidInput(f"item id: expected domain:id, got '{joined[:80]}'")
    return domain, native.replace("%3A", ":").replace("%25", "%")


def join_ids(domain: pl.Expr, native: pl.Expr) -> pl.Expr:
    """Do `join_id` for whole columns: an expression over string columns."""
    escaped = native.str.replace_all("%", "%25", literal=True).str.replace_all(":", "%3A", literal=True)
    return pl.concat_str([domain, pl.lit(":"), escaped])
