"""Growth: what a model has seen and further interactions as one table, for models that learn what is new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Codes
from crossrec.core.catalogue import Catalogue, join_ids
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.vocabulary import Vocabulary
from crossrec.models.histories import Histories
from crossrec.models.recommender import FromScores, as_queries

__all__ = ["Growth", "erased_since", "grown", "grown_of"]


@dataclass(frozen=True, eq=False)
class Growth:
    """What is new, and everything with it. Users and items known before keep their codes; new ones come behind.

    Args:
        data: All rows, those of the histories and the new ones.
        before: [V, I] CSR of ones: what each person of whom there is something new had before.
        after: [V, I] CSR of ones: what they have now.
    """

    data: Interactions
    before: sp.csr_array
    after: sp.csr_array


def grown(histories: Histories, new: Interactions) -> Growth:
    """Join histories with further interactions.

    Args:
        histories: What a model has seen.
        new: Interactions with the same kind of ids; in one domain, its own ids or those of a model of several.

    Raises:
        InvalidInput: Ids are texts on one side and integers on the other, or a model of one domain is told of others.
    """
    acts = histories.acts
    ids, domain_ids, domains = _spelled(acts.catalogue, new.catalogue)
    user_ids = _longer(histories.user_ids, new.user_ids.series, "user")
    catalogue, items = _larger(acts.catalogue, new.catalogue, ids, domain_ids, domains)
    mine, users = len(acts.items), user_ids.encode(new.user_ids.series)[new.users]
    places = np.maximum(new.positions, 0) if (new.positions >= 0).all() else np.arange(len(new))
    codes = np.concatenate([acts.items, items[new.items]]).astype(np.int32)
    data = Interactions(
        users=np.concatenate([acts.rows, users]).astype(np.int32),
        items=codes,
        domains=catalogue.domains[codes],
        times=np.concatenate([acts.times, new.times]),
        weights=np.concatenate([acts.weights, new.weights]),
        kinds=np.concatenate([acts.kinds, new.kinds]),
        ratings=np.concatenate([acts.values, new.ratings]),
        positions=np.concatenate([np.arange(mine, dtype=np.int64), mine + places.astype(np.int64)]),
        user_ids=user_ids,
        catalogue=catalogue,
    )
    touched, was = np.unique(users), np.arange(len(data)) < mine
    before, after = (part.csr()[touched] for part in (data.take(was), data))
    return Growth(data, sp.csr_array(before), sp.csr_array(after))


def grown_of(model: FromScores, new: Interactions) -> Growth:
    """Join what a fitted model has seen with further interactions; see `grown`.

    Raises:
        NotFitted: The model has seen nothing yet.
    """
    as_queries(model, [])
    return grown(model.histories_, new)


def erased_since(model: FromScores) -> bool:
    """Have histories lost anybody since the model learned `learned_` acts? Yes where an older release kept no count."""
    return getattr(model, "learned_", None) != len(model.histories_.acts.items)


def _longer(known: Vocabulary, series: pl.Series, what: str) -> Vocabulary:
    """Return a vocabulary with further ids behind those it has."""
    if len(known) and len(series) and series.dtype != known.series.dtype:
        kinds = ["integers" if dtype == pl.Int64 else "texts" for dtype in (known.series.dtype, series.dtype)]
        raise InvalidInput(
            f"update: the model's {what} ids are {kinds[0]} and the new ones {kinds[1]}; write them alike"
        )
    extra = series.filter(pl.Series(known.encode(series) < 0))
    return Vocabulary(pl.concat([known.series, extra.alias(known.series.name)])) if len(extra) else known


def _spelled(known: Catalogue, new: Catalogue) -> tuple[pl.Series, Vocabulary, NDArray[np.int16]]:
    """Return the new items' ids as the model writes them, all domains, and the code in them of each new item."""
    names = new.domain_ids.series.gather(np.unique(new.domains)) if len(new) else new.domain_ids.series[:0]
    here = set(known.domain_names)
    several, theirs = len(here) > 1, len(new.domain_ids) > 1
    if not several and here and (theirs or not set(names.to_list()) <= here) and len(new):
        raise InvalidInput(
            f"update: the model knows the domain {', '.join(here)} alone and the new rows are of "
            f"{', '.join(map(str, names.to_list()))}; train a model on all of them together"
        )
    ids = new.ids.series
    if several and not theirs:
        frame = pl.DataFrame({"domain": new.domain_ids.series.gather(new.domains), "id": ids.cast(pl.String)})
        ids = frame.select(join_ids(pl.col("domain"), pl.col("id")).alias("id"))["id"]
    domain_ids = _longer(known.domain_ids, new.domain_ids.series, "domain")
    return ids, domain_ids, domain_ids.encode(new.domain_ids.series)[new.domains].astype(np.int16)


def _larger(
    known: Catalogue,
    new: Catalogue,
    ids: pl.Series,
    domain_ids: Vocabulary,
    domains: NDArray[np.int16],
) -> tuple[Catalogue, Codes]:
    """Return the catalogue with new items behind the known ones, and the code in it of each new item."""
    extra = known.ids.encode(ids) < 0
    whole = _longer(known.ids, ids, "item")
    columns = known.columns
    if columns is not None and extra.any():
        told = pl.DataFrame({"item_id": ids}) if new.columns is None else new.columns
        columns = pl.concat([columns, told.filter(pl.Series(extra))], how="diagonal_relaxed")
    return Catalogue(whole, np.append(known.domains, domains[extra]), domain_ids, columns), whole.encode(ids)
