"""Find a person in the bundled data for whom one event visibly changes the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from crossrec.core.errors import NotFound
from crossrec.core.query import Queries
from crossrec.core.vocabulary import Id
from crossrec.models.abilities import Explains
from crossrec.models.fallback import Fallback
from crossrec.models.recommender import Recommender

__all__ = ["Story", "find_story"]

_SHORTEST, _LONGEST, _TRIES = 4, 8, 200


@dataclass(frozen=True)
class Story:
    """Who asks, what they then do, and the list before.

    Args:
        user: The person.
        item: The item of the event.
        title: Its title.
        before: The ids of the first list.
    """

    user: Id
    item: Id
    title: str
    before: list[Id]


def find_story(model: Recommender, domain: str, k: int = 10) -> Story:
    """Try persons with a short history: they take up the first item of their list; does it bring in another?

    Args:
        model: A fitted model whose first member explains.
        domain: Where the story plays.
        k: Length of the lists.

    Raises:
        NotFound: No such person among the first ones tried.
    """
    explainer = cast("Explains", model.members[0] if isinstance(model, Fallback) else model)
    histories, catalogue = model.histories_, model.catalogue_
    inside = catalogue.in_domain(domain)
    lengths = np.diff(histories.acts.indptr)
    first = histories.acts.items[np.minimum(histories.acts.indptr[:-1], len(histories.acts.items) - 1)]
    fit = np.flatnonzero((lengths >= _SHORTEST) & (lengths <= _LONGEST) & inside[first])[:_TRIES]
    for code in fit.astype(np.int32):
        user = histories.user_ids.decode(np.array([code]))[0]
        before = model.recommend([user], k, domain=domain)
        liked = before.items[0, 0]
        queries = _with_item(histories.rows(np.array([code], dtype=np.int32)).to(domain), int(liked))
        after = model.recommend(queries, k)
        entered = ~np.isin(after.items[0], before.items[0])
        reasons = explainer.explain(queries, after.items)[0]
        if bool((entered & (reasons == liked)).any()):
            title = catalogue.titles[liked] if catalogue.titles else str(before.ids()[0][0])
            return Story(user, before.ids()[0][0], title, before.ids()[0])
    raise NotFound(f"no person in {domain} whose list changes with one event")


def _with_item(queries: Queries, code: int) -> Queries:
    """Add one act at the end of a single query."""
    return Queries(
        indptr=np.array([0, len(queries.items) + 1], dtype=np.int64),
        items=np.append(queries.items, np.int32(code)),
        times=np.append(queries.times, queries.times.max(initial=0)),
        kinds=np.append(queries.kinds, np.int8(4)),
        values=np.append(queries.values, np.float32(np.nan)),
        weights=np.append(queries.weights, np.float32(1.0)),
        catalogue=queries.catalogue,
        domain=queries.domain,
    )
