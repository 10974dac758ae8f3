"""Histories: what each person did, kept beside a model, so that `recommend("alice")` works from a bundle."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Codes
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.vocabulary import Id, Vocabulary

__all__ = ["Histories"]


@dataclass(frozen=True, eq=False)
class Histories:
    """The acts of U persons, oldest first; separate from a model's weights and erasable by user.

    Args:
        user_ids: The persons.
        acts: One query a person, in code order.
    """

    user_ids: Vocabulary
    acts: Queries

    @classmethod
    def of(cls, data: Interactions) -> Histories:
        """Gather the histories of a data set's persons."""
        counts, order = np.bincount(data.users, minlength=len(data.user_ids)), data.order
        acts = Queries(
            indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
            items=data.items[order],
            times=data.times[order],
            kinds=data.kinds[order],
            values=data.ratings[order],
            weights=data.weights[order],
            catalogue=data.catalogue,
        )
        return cls(data.user_ids, acts)

    def __len__(self) -> int:
        return len(self.user_ids)

    def queries(self, users: Sequence[Id], domain: str | None = None) -> Queries:
        """Return one query a person, asking for `domain`; a person unknown here has an empty history."""
        return dataclasses.replace(self.rows(self.user_ids.encode(users)), users=tuple(users), domain=domain)

    def rows(self, codes: Codes) -> Queries:
        """Return the queries of persons by code; -1 is an empty history."""
        acts = self.acts
        if len(codes) == len(self) and bool((codes == np.arange(len(codes))).all()):
            return dataclasses.replace(acts, users=None)  # of everybody, in order
        known = np.maximum(codes, 0)
        starts = acts.indptr[known]
        counts = np.where(codes >= 0, acts.indptr[np.minimum(known + 1, len(acts))] - starts, 0)
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        flat = np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], counts)
        columns = {name: getattr(acts, name)[flat] for name in ("items", "times", "kinds", "values", "weights")}
        return dataclasses.replace(acts, indptr=indptr, users=None, **columns)

    def forget(self, user: Id) -> Histories:
        """Return the histories without one person; the same object where they are unknown."""
        code = self.user_ids.code(user)
        if code < 0:
            return self
        keep = np.delete(np.arange(len(self), dtype=np.int32), code)
        return Histories(Vocabulary(self.user_ids.series[keep]), self.rows(keep))
