"""Live histories: the bundle's, with the events of the log laid over them."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np

from crossrec.core.event import KIND_CODES, NOT_TASTE, Event, is_taste
from crossrec.core.query import Queries
from crossrec.core.vocabulary import Id
from crossrec.events.log import LiveLog
from crossrec.models.recommender import Recommender
from crossrec.models.storage import clear_old_histories, save_histories

__all__ = ["LiveHistories"]


class LiveHistories:
    """What each person did until now; nothing is cached, so an event counts in the very next answer.

    Args:
        model: Its histories lie below; they are replaced when someone is erased.
        folder: The bundle that an erasure rewrites.
        log: The events.
        most: Most acts a query carries, the newest.
        fold_in: False answers from the bundle alone.
    """

    def __init__(self, model: Recommender, folder: Path, log: LiveLog, *, most: int, fold_in: bool) -> None:
        self.model = model
        self.folder = folder
        self.log = log
        self.most = most
        self.fold_in = fold_in
        self._erasing = threading.Lock()

    def user_id(self, text: str) -> Id:
        """Return a user's id as the model has it: an integer where all its users are integers."""
        integers = self.model.histories_.user_ids.is_integer
        return int(text) if integers and _is_integer(text) else text

    def item_id(self, text: str, domain: str | None = None) -> Id:
        """Return an item's id as the model has it; the domain helps where the id does not say it."""
        catalogue = self.model.catalogue_
        return catalogue.resolve(int(text) if catalogue.ids.is_integer and _is_integer(text) else text, domain)

    def query(self, user: str, domain: str | None) -> Queries:
        """Return the query of one person, their newest acts last."""
        below = self._since_erasure(user, self.model.histories_.queries([self.user_id(user)], domain))
        events = self.log.of_user(user, max(self.most, _MOST_MASKED)) if self.fold_in else []
        events = [event for event in events if event.kind not in NOT_TASTE]
        if not events and len(below.items) <= self.most:
            return below
        above = self._of_events(events, below)
        columns = {name: np.concatenate([getattr(below, name), getattr(above, name)]) for name in _COLUMNS}
        order = np.argsort(columns["times"], kind="stable")[-self.most :]
        indptr = np.array([0, len(order)], dtype=np.int64)
        cut: dict[str, Any] = {name: column[order] for name, column in columns.items()}
        liked = is_taste(columns["kinds"])
        had = np.unique(columns["items"][liked]) if len(order) < len(liked) else None
        return dataclasses.replace(below, indptr=indptr, had=had, **cut)

    def erase(self, user: str) -> dict[str, int]:
        """Remove a person's events and history, in memory and in the files, and count both.

        Raises:
            Unavailable: The files cannot be written; asking again does the rest.
        """
        with self._erasing:
            events = self.log.forget(user)
            histories = self.model.histories_
            one = self.user_id(user)
            acts = len(histories.queries([one]).items)
            kept = histories.forget(one)
            if kept is not histories:
                save_histories(kept, self.folder)
                self.model.histories_ = kept
            else:
                clear_old_histories(self.folder)  # of an erasure that was cut short
        return {"events": events, "history_acts": acts}

    def _since_erasure(self, user: str, below: Queries) -> Queries:
        """Hide what a bundle still has from before someone was erased: an older copy, put back or retrained."""
        erased = self.log.erased(user) if len(below.items) else None
        if erased is None:
            return below
        keep = below.times > erased
        cut: dict[str, Any] = {name: getattr(below, name)[keep] for name in _COLUMNS}
        return dataclasses.replace(below, indptr=np.array([0, int(keep.sum())], dtype=np.int64), **cut)

    def _of_events(self, events: list[Event], below: Queries) -> Queries:
        items = [self.item_id(event.item, event.domain) for event in events]
        values = [np.nan if event.value is None or event.kind != "rate" else event.value for event in events]
        return dataclasses.replace(
            below,
            items=below.catalogue.ids.encode(items),
            times=np.array([event.at for event in events], dtype=np.int64),
            kinds=np.array([KIND_CODES[event.kind] for event in events], dtype=np.int8),
            values=np.array(values, dtype=np.float32),
            weights=np.ones(len(events), dtype=np.float32),
        )


_MOST_MASKED = 10_000
"""Newest acts of a person that are looked at to leave out what they have had; fewer of them are scored."""
_COLUMNS = ("items", "times", "kinds", "values", "weights")


def _is_integer(text: str) -> bool:
    """Is this the plain spelling of an integer that fits 64 bits?"""
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 18 and str(int(text)) == text
