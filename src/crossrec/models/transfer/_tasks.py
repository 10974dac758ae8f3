"""Tasks: which kinds of events are foretold in which domains, and which of them matters most."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Bytes, Doubles
from crossrec.core.event import KINDS
from crossrec.models.transfer._acts import Pairs

__all__ = ["ANY", "Tasks", "counts_of", "main_kinds", "offsets_of", "tasks_of"]

ANY = -1
"""In place of a kind: an act of any kind."""
_WORTH = ("purchase", "add_to_cart", "rate", "review", "like", "save", "follow", "share", "comment", "play", "click")
_RARE = 0.01
"""Share of a domain's pairs below which no kind is ranked by unasked."""


class Tasks(NamedTuple):
    """T tasks, and the domains they are about.

    Args:
        domains: Int64[T] code of the domain.
        kinds: Int64[T] place of the kind among the K, or `ANY`.
        shown: Bool[D], domains whose data say what was shown: there chances are those of what is shown. Elsewhere a
            kind is asked for where there was any act, and any act against items drawn.
    """

    domains: NDArray[np.int64]
    kinds: NDArray[np.int64]
    shown: Bools

    def answers(self, domains: NDArray[np.integer[Any]], acts: Bools) -> tuple[Bools, Bools]:
        """Return Bool[A, T] twice: what came, and which tasks a pair says anything about.

        Args:
            domains: Int[A] domain of the item.
            acts: Bool[A, K].
        """
        acted = np.asarray(acts.any(axis=1))
        came = np.where(self.kinds == ANY, acted[:, None], acts[:, self.kinds])
        asked = domains[:, None] == self.domains
        return came, asked & ((self.kinds == ANY) | (self.shown[domains] | acted)[:, None])

    def chain(self, domain: int, kind: int) -> list[int]:
        """Return the tasks whose chances multiply to that of a kind in a domain.

        Args:
            domain: Its code.
            kind: Place of the kind among the K.
        """
        steps = (kind,) if self.shown[domain] else (ANY, kind)
        return np.flatnonzero((self.domains == domain) & np.isin(self.kinds, steps)).tolist()


def counts_of(pairs: Pairs, domains: NDArray[np.integer[Any]], size: int) -> NDArray[np.int64]:
    """Return Int64[D, K + 1], pairs with each kind of act in each domain, and last those with any.

    Args:
        pairs: What there is.
        domains: Int[I] domain of each item.
        size: D.
    """
    acts = np.hstack([pairs.acts, pairs.acts.any(axis=1, keepdims=True)])
    pair, kind = np.nonzero(acts)
    cells = domains[pairs.items[pair]] * acts.shape[1] + kind
    return np.bincount(cells, minlength=size * acts.shape[1]).reshape(size, acts.shape[1])


def tasks_of(pairs: Pairs, domains: NDArray[np.integer[Any]], size: int) -> Tasks:
    """Return the tasks of the data: a kind that every act has, where it is not known what was shown, is no task."""
    counts, silent = counts_of(pairs, domains, size), ~pairs.acts.any(axis=1)
    shown = np.bincount(domains[pairs.items[silent]], minlength=size) > 0
    found = []
    for domain in np.flatnonzero(counts[:, -1]).tolist():
        mine, total = counts[domain, :-1], counts[domain, -1]
        found += [] if shown[domain] else [(domain, ANY)]
        some = (mine > 0) & (shown[domain] | (mine < total))
        found += [(domain, kind) for kind in np.flatnonzero(some).tolist()]
    table = np.array(found, dtype=np.int64)
    return Tasks(table[:, 0], table[:, 1], shown)


def offsets_of(pairs: Pairs, tasks: Tasks, domains: NDArray[np.integer[Any]], negatives: int) -> Doubles:
    """Return Float64[T], what the log-odds of a task are less than the network learns, since few items were drawn.

    Args:
        pairs: What is learned from.
        tasks: Its tasks.
        domains: Int[I] domain of each item.
        negatives: Items drawn for each pair with an act.
    """
    found = np.zeros(len(tasks.kinds))
    acted = pairs.acts.any(axis=1)
    for row in np.flatnonzero(tasks.kinds == ANY).tolist():
        here = acted & (domains[pairs.items] == tasks.domains[row])
        persons, items = len(np.unique(pairs.users[here])), int((domains == tasks.domains[row]).sum())
        left = max(1, persons * items - int(here.sum()))
        found[row] = np.log(min(1.0, negatives * int(here.sum()) / left))
    return found


def main_kinds(counts: NDArray[np.int64], kinds: Bytes, main: str) -> NDArray[np.int64]:
    """Return Int64[D], the place of the kind to rank each domain by, -1 where nobody did anything.

    Args:
        counts: Int64[D, K + 1] of `counts_of`.
        kinds: Int8[K] codes.
        main: The kind wherever somebody had it; empty takes the most valuable that a hundredth of the pairs has.
    """
    places = {KINDS[kind]: place for place, kind in enumerate(kinds.tolist())}
    worth = list(dict.fromkeys(places[name] for name in (*_WORTH, *KINDS) if name in places))
    found = np.full(len(counts), -1, dtype=np.int64)
    for domain in np.flatnonzero(counts[:, -1]).tolist():
        mine, total = counts[domain, :-1], counts[domain, -1]
        often = [place for place in worth if mine[place] >= _RARE * total]
        found[domain] = places[main] if main in places and mine[places[main]] else often[0]
    return found
