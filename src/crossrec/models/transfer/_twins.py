"""Twins: items of different domains that are the same thing, by an id that both carry."""

from __future__ import annotations

import numpy as np
import polars as pl
import scipy.sparse as sp

from crossrec.core.arrays import Codes
from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput, suggestion

__all__ = ["moved_to_twins", "twins_of"]


def twins_of(catalogue: Catalogue, link: str) -> Codes:
    """Return Int32[D, I], for each domain the code of its item that is the same thing as each item, or -1.

    An item of the domain itself is its own. Of several items of one domain with the same value, the first stands for
    all to other domains.

    Args:
        catalogue: The items.
        link: Column with an id that items of several domains carry, like `imdb_id`; empty: nothing is the same.

    Raises:
        InvalidInput: There is no such column.
    """
    size, domains = len(catalogue), catalogue.domains
    found = np.full((len(catalogue.domain_ids), size), -1, dtype=np.int32)
    found[domains, np.arange(size)] = np.arange(size, dtype=np.int32)
    if not link:
        return found
    if catalogue.columns is None or link not in catalogue.columns.columns:
        names = () if catalogue.columns is None else catalogue.columns.columns
        raise InvalidInput(f"link: the items have no column '{link}'{suggestion(link, names, listing='There are')}")
    values = catalogue.columns[link].cast(pl.String)
    keys = pl.DataFrame({"value": values, "code": np.arange(size, dtype=np.int32), "domain": domains})
    keys = keys.filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
    first = keys.unique(["value", "domain"], keep="first", maintain_order=True)
    pairs = keys.join(first, on="value", suffix="_there").filter(pl.col("domain") != pl.col("domain_there"))
    found[pairs["domain_there"].to_numpy(), pairs["code"].to_numpy()] = pairs["code_there"].to_numpy()
    return found


def moved_to_twins(rows: sp.csr_array, twins: Codes) -> sp.csr_array:
    """Return [B, I] rows with 1 where a history has an item or, in place of it, its twin.

    Args:
        rows: [B, I] CSR of histories.
        twins: Int32[I] code of each item's twin, or -1 to leave it as it is.
    """
    codes = np.where(twins[rows.indices] >= 0, twins[rows.indices], rows.indices)
    moved = sp.csr_array((np.ones(len(codes), dtype=np.float32), codes, rows.indptr.copy()), shape=rows.shape)
    moved.sum_duplicates()
    moved.data.fill(1.0)
    return moved
