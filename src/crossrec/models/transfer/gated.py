"""The gate: other domains count where held-out evidence says that they help, and nowhere else."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from crossrec.core.arrays import Bools, Codes
from crossrec.core.catalogue import Catalogue
from crossrec.core.clock import check_seed
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores, check_k
from crossrec.core.vocabulary import Id
from crossrec.models.abilities import Explains, Updates
from crossrec.models.machine import require_memory
from crossrec.models.progress import tracked
from crossrec.models.ranking import SCORE_BUDGET, Masks, rank
from crossrec.models.recommender import FromScores, Recommender, model_of
from crossrec.models.space import Range, Space
from crossrec.models.transfer._blend import CONTROL, TRANSFER, Blend, control_name
from crossrec.models.transfer._evidence import held_out
from crossrec.models.transfer._gate import Choice, decided, dials_of, untold
from crossrec.models.transfer._look import Look
from crossrec.models.transfer._page import joined_pages, mixed_page

__all__ = ["Gated", "like_parts", "usual_parts"]

_CELLS = 144_000_000
_NEAR = "item_knn popularity=0.1 activity=0.5"


@dataclass
class Gated(FromScores):
    """Answers in every domain, for each length of history there with the target alone, with all domains, or a blend.

    Three parts are learned: a control for each domain from its rows alone, a transfer model from all rows, and the
    popularity of items as the floor. A part of the training data is held out first, and decides for each target
    domain and length of history (0, 1-2, 3-5, 6-10, 11+) what weights the parts' standardised scores get: transfer
    gets a weight only where the paired difference to the best answer without it, persons drawn, has a 95 % interval
    above 0, and only for whoever did something elsewhere. Then all parts learn from everything. `choices` says what
    was decided and why. Data of one domain has no transfer: the model is then its own control.

    A page of all domains (no target asked for) gives each domain its share of the person's own history, smoothed.

    Args:
        control: Model of one domain alone and its settings: `als factors=32`. Empty takes `ease`, or `item_knn` where
            its matrices would be too large.
        transfer: Model of all domains, likewise; empty takes `item_knn`.
        floor: Model that needs no history: `popularity half_life_days=90`.
        mix: A mixed page counts a history as if there were so many acts more, spread as all acts in training, >= 0.
        seed: Fixes what is held out and the draws.
    """

    control: str = ""
    transfer: str = ""
    floor: str = "popularity"
    mix: float = 5.0
    seed: int = 0
    needs_history: ClassVar[bool] = False
    exempt: ClassVar[Mapping[str, str]] = {
        "carries_taste_across_domains": "24 persons are too few to open the gate, and popularity answers",
    }
    space: ClassVar[Space] = {"mix": Range(0.0, 50.0)}

    @property
    def catalogue_(self) -> Catalogue:
        """All items."""
        return self._catalogue

    @catalogue_.setter
    def catalogue_(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._blend = Blend(catalogue, self.parts_)
        self._blend.attach()
        self._dials = dials_of(self.choices, len(catalogue.domain_ids))

    @property
    def choices(self) -> list[Choice]:
        """What was decided for each domain and length of history."""
        return [Choice(**told) for told in json.loads(self.choices_)]

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Gated:  # noqa: ARG002
        """Hold a part out, decide, and learn from all.

        Raises:
            NotFound: No such model.
            InvalidInput: A setting is out of its range, or is none of that model.
        """
        if not self.mix >= 0:
            raise InvalidInput(f"Gated: expected mix >= 0, got {self.mix}")
        check_seed(self.seed)
        liked, names = train.liked, train.catalogue.domain_names
        told = self._untold(liked)
        evidence = None if told else held_out(liked, self.seed)
        known: dict[str, Recommender] = {}
        if evidence is not None:
            known = self._parts_of(evidence.train, across=True)
            choices = decided(Blend(liked.catalogue, known), evidence, names, self.seed)
        else:
            choices = untold(names, told or "too little data to hold any out")
        self.choices_ = json.dumps([dataclasses.asdict(choice) for choice in choices])
        rows = np.bincount(liked.catalogue.domains[liked.items], minlength=len(names))
        self.shares_ = rows / max(1, rows.sum())
        across = any(choice.is_open for choice in choices)
        rest = None if evidence is None else evidence.rest
        self.parts_ = self._parts_of(liked, across=across, known=known, rest=rest)
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Blend what the parts say, domain by domain; where one domain is asked for, only there."""
        mine, codes = self.aligned(queries), self.candidate_codes(candidates)
        values = np.zeros((len(mine), len(self.catalogue_)), dtype=np.float32)
        asked = self._asked(mine.domain)
        look = self._look(mine, several=len(asked) > 1)
        for code in asked:
            values[:, self._blend.items[code]] = look.within(code).values
        return Scores(values if codes is None else values[:, codes], np.ones(len(mine), dtype=np.bool_))

    def ranked(self, queries: Queries, k: int, **masks: Unpack[Masks]) -> Recommendations:
        """Return the lists of one domain, or a page on which each domain has its share."""
        codes = self._asked(queries.domain)
        if len(codes) == 1 and masks["candidates"] is None:
            return rank(lambda asked, _: self._look(asked).within(codes[0]), queries.to(None), k, **masks)
        if len(codes) < 2:
            return super().ranked(queries, k, **masks)
        batch, places = len(queries), min(check_k(k), len(self.catalogue_))
        if batch * places > SCORE_BUDGET:
            require_memory(batch * places * 8 * (len(codes) + 1), f"{batch:,} lists of {places:,} items, by domain")
        step = max(1, SCORE_BUDGET // len(self.catalogue_))
        starts = tracked("lists", range(0, max(1, batch), step), size=step, total=batch)
        return joined_pages([self._page(queries[start : start + step], codes, places, masks) for start in starts])

    def _page(self, queries: Queries, codes: list[int], k: int, masks: Masks) -> Recommendations:
        """Look at some histories once, and give each domain its share of their pages."""
        look, rows = self._look(queries, several=True), queries.users or (None,) * len(queries)
        seen = queries.not_again() if masks["exclude_seen"] else None
        allowed = self._allowed(masks["candidates"], masks["allowed"])
        lists = [look.within(code).best(k, seen=seen, allowed=allowed) for code in codes]
        shares = (look.counts + self.mix * self.shares_)[:, codes]
        told = np.ones(len(queries), dtype=np.bool_)
        return mixed_page([Recommendations(*one, self.catalogue_, told, rows) for one in lists], shares, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item that spoke most for each item, in any domain where the gate is open; see `Explains`."""
        mine = self.aligned(queries)
        reasons, look = np.full(items.shape, -1, dtype=np.int32), self._look(mine)
        domains = np.where(items >= 0, self.catalogue_.domains[np.maximum(items, 0)], -1)
        for code in np.unique(domains[domains >= 0]).tolist():
            here = np.where(domains == code, items, np.int32(-1))
            dials = look.weights(code)
            alone = self._reasons_within(mine, here, code) if (dials[:, CONTROL] > 0).any() else reasons
            across = self._reasons_across(mine, here) if (dials[:, TRANSFER] > 0).any() else reasons
            told = np.where(
                (dials[:, TRANSFER] > 0)[:, None], across, np.where((dials[:, CONTROL] > 0)[:, None], alone, -1)
            )
            reasons = np.where(domains == code, told, reasons).astype(np.int32)
        return reasons

    def is_open(self, queries: Queries) -> Bools:
        """Return Bool[B], true where the gate lets other domains speak in the domain that is asked for.

        Raises:
            InvalidInput: The queries ask for no domain.
        """
        mine = self.aligned(queries)
        if mine.domain is None:
            raise InvalidInput("gate: expected queries that ask for a domain, got some for all of them")
        (code,) = self._asked(mine.domain)
        opened = self._look(mine).weights(code)[:, TRANSFER] > 0
        return np.asarray(opened, dtype=np.bool_)

    def _untold(self, liked: Interactions) -> str:
        """Return why nothing can be told about other domains, empty where it can."""
        if len(np.unique(liked.catalogue.domains)) < 2:
            return "there is one domain, so nothing comes from another"
        if not _shared_persons(liked):
            return "no person is in two domains, so nothing can be learned across; link accounts first"
        return ""

    def _parts_of(
        self,
        data: Interactions,
        *,
        across: bool,
        known: Mapping[str, Recommender] | None = None,
        rest: Interactions | None = None,
    ) -> dict[str, Recommender]:
        """Fit the parts, those that are known and can learn on with the rest alone; transfer only where asked for."""
        catalogue, known = data.catalogue, known or {}
        parts = {"floor": _learned(_made(self.floor or "popularity"), data, known.get("floor"), rest)}
        if parts["floor"].needs_history:
            raise InvalidInput(f"Gated: expected a floor that needs no history (popularity), got '{self.floor}'")
        control, transfer = usual_parts(catalogue)
        if across:
            parts["transfer"] = _learned(_made(self.transfer or transfer), data, known.get("transfer"), rest)
        blank = _made(self.control or control)
        for code, name in enumerate(catalogue.domain_names):
            own, part = data.domain(name), control_name(code)
            if len(own):
                more = rest and rest.domain(name)
                parts[part] = _learned(copy.copy(blank), own, known.get(part), more)
        return parts

    def _look(self, queries: Queries, *, several: bool = False) -> Look:
        return Look(self._blend, self._dials, queries, several)

    def _allowed(self, candidates: Sequence[Id] | None, allowed: Bools | None) -> Bools | None:
        """Return Bool[I], the candidates that may be shown; ids that are not known are passed over."""
        if candidates is None:
            return allowed
        codes = self.catalogue_.ids.encode(list(candidates))
        found = np.zeros(len(self.catalogue_), dtype=np.bool_)
        found[codes[codes >= 0]] = True
        return found if allowed is None else found & allowed

    def _asked(self, domain: str | None) -> list[int]:
        """Return the codes of the domains that are asked for and have items."""
        if domain is None:
            return self._blend.held
        code = self.catalogue_.domain_ids.code(domain)
        if code < 0:
            raise unknown_name("domain", domain, self.catalogue_.domain_names)
        return [code] if code in self._blend.held else []

    def _reasons_across(self, queries: Queries, items: Codes) -> Codes:
        part = self.parts_["transfer"]
        return part.explain(queries.to(None), items) if isinstance(part, Explains) else np.full_like(items, -1)

    def _reasons_within(self, queries: Queries, items: Codes, code: int) -> Codes:
        part, own = self.parts_.get(control_name(code)), self._blend.items[code]
        if not isinstance(part, Explains):
            return np.full_like(items, -1)
        place = np.where(items >= 0, np.searchsorted(own, np.maximum(items, 0)), -1).astype(np.int32)
        found = part.explain(self._blend.cut(queries, code), place)
        return np.where(found >= 0, own[np.maximum(found, 0)], -1).astype(np.int32)


def usual_parts(catalogue: Catalogue) -> tuple[str, str]:
    """Return a gate's control and transfer for a catalogue.

    Controls are closed forms as long as their matrices have 144 million cells in all, 12,000 items in one domain, else
    neighbours. Transfer is neighbours: they cost what the interactions cost, and say of who is new in a domain what
    goes with the other domains' items, where a closed form over all says what goes with them beside the items of the
    domain, of which there are none.
    """
    sizes = np.bincount(catalogue.domains).astype(np.int64)
    return "ease" if int((sizes**2).sum()) <= _CELLS else _NEAR, _NEAR


def like_parts(catalogue: Catalogue) -> tuple[str, str]:
    """Return a control and a transfer model of one kind, so that their difference is what the other domains do."""
    return ("ease", "domain_ease") if len(catalogue) ** 2 <= _CELLS else (_NEAR, _NEAR)


def _shared_persons(data: Interactions) -> bool:
    """Has anybody acts in two domains?"""
    pairs = np.unique(data.users.astype(np.int64) * len(data.catalogue.domain_ids) + data.catalogue.domains[data.items])
    return bool((np.diff(pairs // len(data.catalogue.domain_ids)) == 0).any())


def _learned(
    blank: Recommender, data: Interactions, known: Recommender | None, rest: Interactions | None
) -> Recommender:
    """Fit a part to all data, or let one that knows all but the rest learn that, where it can."""
    if rest is None or not isinstance(known, Updates):
        return blank.fit(data)
    if len(rest):
        known.update(rest)
    return known


def _made(words: str) -> Recommender:
    """Make a part, which is no gate itself."""
    part = model_of(words)
    if isinstance(part, Gated):
        raise InvalidInput("Gated: expected a model that is no gate itself, got 'gated'")
    return part
