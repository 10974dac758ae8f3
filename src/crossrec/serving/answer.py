"""From a query to an answer: rank, name the source, give the reason."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np

from crossrec.core.arrays import Bools
from crossrec.core.errors import InvalidInput
from crossrec.core.event import KINDS
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations
from crossrec.core.vocabulary import Id
from crossrec.models.abilities import Explains, SimilarItems
from crossrec.models.fallback import Fallback
from crossrec.models.recommender import Recommender

__all__ = ["MOST_ITEMS", "Answerer"]

MOST_ITEMS = 1_000
_DID = {
    "view": "viewed",
    "click": "clicked",
    "add_to_cart": "put into your cart",
    "purchase": "bought",
    "rate": "rated",
    "share": "shared",
    "like": "liked",
    "save": "saved",
    "play": "played",
    "comment": "commented on",
    "follow": "followed",
    "review": "reviewed",
}


class Answerer:
    """Answers with one model, in words where the model can explain itself.

    Args:
        model: Fitted.
        name: What it is called as a source.
        version: Its version, on every answer.
    """

    def __init__(self, model: Recommender, name: str, version: str) -> None:
        self.model = model
        self.name = name
        self.version = version
        self.members = (
            dict(zip(model.names, model.members, strict=True)) if isinstance(model, Fallback) else {name: model}
        )

    def recommend(
        self,
        queries: Queries,
        k: int,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[Id] | None = None,
        allowed: Bools | None = None,
    ) -> dict[str, Any]:
        """Answer one query.

        Raises:
            InvalidInput: k is not 1 to 1,000.
            NotFound: No such domain.
        """
        _check_length(k)
        lists = self.model.recommend(queries, k, exclude_seen=exclude_seen, candidates=candidates, allowed=allowed)
        sources = lists.item_sources(0) or [self.name] * int((lists.items[0] >= 0).sum())
        said = {source: self._reasons(queries, lists, source) for source in dict.fromkeys(sources)}
        reasons = [said[source][place] for place, source in enumerate(sources)]
        return self._told(lists, sources, reasons)

    def similar(self, item: Id, k: int, allowed: Bools | None = None) -> dict[str, Any]:
        """Answer with the items most like one, of those that may be shown.

        Raises:
            InvalidInput: k is not 1 to 1,000, or no model here knows which items are alike.
            NotFound: No such item.
        """
        _check_length(k)
        for name, member in self.members.items():
            if isinstance(member, SimilarItems):
                title = self._title(int(self.model.catalogue_.codes_of([item])[0]))
                hidden = 0 if allowed is None else int((~allowed).sum())
                lists = _shown(member.similar([item], k + hidden), k, allowed)
                return self._told(lists, [name] * k, [f"similar to {title}"] * k)
        raise InvalidInput(
            f"similar: {', '.join(self.members)} cannot tell which items are alike; train item_knn or ease"
        )

    def _reasons(self, queries: Queries, lists: Recommendations, source: str) -> list[str]:
        """Say for each item which act of the history spoke most for it."""
        member = self.members[source]
        otherwise = "fits your history" if member.needs_history else "popular with everyone"
        if not isinstance(member, Explains):
            said = f"recommended by {source} for your history" if member.needs_history else otherwise
            return [said] * lists.items.shape[1]
        mine = queries.on(self.model.catalogue_)
        last_kind = dict(zip(mine.items.tolist(), mine.kinds.tolist(), strict=True))
        reasons = zip(member.explain(mine, lists.items)[0].tolist(), lists.items[0].tolist(), strict=True)
        return [
            self._because(past, shown, KINDS[last_kind[past]]) if past >= 0 else otherwise for past, shown in reasons
        ]

    def _because(self, past: int, shown: int, kind: str) -> str:
        """Name the act that an item rests on, and its domain where that is another one."""
        catalogue = self.model.catalogue_
        there, here = catalogue.domains[past], catalogue.domains[shown]
        where = "" if there == here else f" in {catalogue.domain_names[there]}"
        return f"because you {_DID.get(kind, 'chose')} {self._title(past)}{where}"

    def _told(self, lists: Recommendations, sources: Sequence[str], reasons: list[str]) -> dict[str, Any]:
        codes = lists.items[0][lists.items[0] >= 0]
        ids, scores = lists.catalogue.ids.decode(codes), np.round(lists.scores[0].astype(np.float64), 6).tolist()
        titles = lists.catalogue.titles
        items = [
            {
                "id": item,
                "score": scores[place],
                "source": sources[place],
                "reason": reasons[place],
                **({} if titles is None else {"title": titles[codes[place]]}),
            }
            for place, item in enumerate(ids)
        ]
        return {
            "recommendation_id": str(uuid.uuid4()),
            "model_version": self.version,
            "served_from": "model" if self.name in sources or self.name not in self.members else "fallback",
            "items": items,
        }

    def _title(self, code: int) -> str:
        titles = self.model.catalogue_.titles
        return str(self.model.catalogue_.ids.series[code]) if titles is None else titles[code]


def _shown(lists: Recommendations, k: int, allowed: Bools | None) -> Recommendations:
    """Leave what may not be shown out of one list, and cut it to k."""
    keep = lists.items[0] >= 0
    if allowed is not None:
        keep &= allowed[lists.items[0]]
    chosen = np.flatnonzero(keep)[:k]
    return dataclasses.replace(lists, items=lists.items[:, chosen], scores=lists.scores[:, chosen])


def _check_length(k: int) -> None:
    if not 1 <= k <= MOST_ITEMS:
        raise InvalidInput(f"k: expected 1 to {MOST_ITEMS}, got {k}")
