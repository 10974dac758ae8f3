"""PTUPCDR: a bridge between domains of each person's own, made by a network from what they had in the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from crossrec.core.arrays import Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.space import Range, Space
from crossrec.models.training.bags import Bags, bags_of, shuffled
from crossrec.models.training.trainer import Course, train
from crossrec.models.training.weights import filled, seeded, weights_of
from crossrec.models.transfer._bridge import Bridge, Shared
from crossrec.models.transfer._domains import cells_of_domain
from crossrec.models.transfer._mapping import linear_map, unit_of
from crossrec.models.transfer._meta import Lesson, MetaBridge, share_found

__all__ = ["PTUPCDR"]

_BATCH, _ASKED, _TENTH, _FEWEST = 128, 1024, 10, 100
"""Persons of a batch; asked about at a time; every which one is held out, where there are so many."""


@dataclass
class PTUPCDR(Bridge):
    """Whoever has a history in the target is answered from it alone; whoever has none, over a bridge of their own.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items of each domain, >= 1.
        l2: Ridge penalty on all vectors, > 0.
        alpha: Confidence of a cell that was had is 1 + alpha, alpha > 0.
        ridge: Penalty on the linear mapping that all bridges start from, as in EMCDR, > 0.
        hidden: Units of the meta network's hidden layer, >= 1.
        rounds: Of the meta network over the persons at most, >= 0; 0 is EMCDR with the linear mapping.
        learning_rate: Of the meta network, > 0.
        patience: Rounds without a better result on a tenth of the persons, held out, before it stops; below 100 persons
            in both domains nobody is held out, and all rounds are gone.
        seed: Fixes the vectors and the network at the start, who is held out, and the order.

    Source: Zhu et al. 2022, "Personalized transfer of user preferences for cross-domain recommendation": attention
    over the source items (equations 4 and 5), a meta network from their weighted sum to a matrix for each person
    (6 to 8), and the loss of what the bridged vector is for (10) in place of the distance to a vector. Departs in
    implicit feedback: the loss is that of ALS, over the whole target catalogue, each person's as a share of what
    their own vector there reaches; in bridges that start at the linear mapping of EMCDR; in early stop; in vectors
    solved from the history, so that nobody has a row in a table; and, with histories in several source domains, in
    the mean of the vectors.
    """

    ridge: float = 0.1
    hidden: int = 50
    rounds: int = 50
    learning_rate: float = 0.001
    patience: int = 5
    small: ClassVar[Mapping[str, Any]] = {"factors": 16, "rounds": 3}
    space: ClassVar[Space] = {
        "factors": Range(16, 128, log=True, whole=True),
        "l2": Range(0.01, 100, log=True),
        "alpha": Range(0.1, 100, log=True),
        "ridge": Range(0.001, 10, log=True),
        "hidden": Range(10, 200, log=True, whole=True),
        "learning_rate": Range(1e-4, 0.03, log=True),
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> PTUPCDR:  # noqa: ARG002
        """Factorise each domain, and learn the bridges from the persons that are in two.

        Raises:
            InvalidInput: A setting is out of its range.
        """
        if not self.ridge > 0 or self.hidden < 1 or self.rounds < 0:
            raise InvalidInput(
                "PTUPCDR: expected ridge > 0, hidden >= 1 and rounds >= 0, got "
                f"{self.ridge}, {self.hidden} and {self.rounds}"
            )
        domains = train.catalogue.domains
        found: dict[str, NDArray[Any]] = {}
        for pair in self.factorised(train):
            if len(pair.vectors):
                network = self._learned(pair, domains, train.fingerprint)
                found |= {f"{pair.source}.{pair.target}.{name}": part for name, part in weights_of(network).items()}
        self.bridges_ = found or {"none": np.zeros(0, dtype=np.float32)}
        return self.remember(train)

    def carried(self, cells: sp.csr_array, vectors: Floats, source: int, target: int) -> Floats:
        """Return the vectors over the persons' own bridges; zero where nobody was in both; see `Bridge`."""
        begin, found = f"{source}.{target}.", np.zeros_like(vectors)
        weights = {name.removeprefix(begin): part for name, part in self.bridges_.items() if name.startswith(begin)}
        if not weights:
            return found
        network = filled(self._form(), weights)
        items = torch.from_numpy(self.whitened_)
        for start in range(0, len(vectors), _ASKED):
            rows = slice(start, start + _ASKED)
            with torch.inference_mode():
                bags = bags_of(sp.csr_array(cells[rows]))
                found[rows] = network(torch.from_numpy(np.ascontiguousarray(vectors[rows])), bags, items).numpy()
        return found

    def _form(self) -> MetaBridge:
        return MetaBridge(self.factors, self.hidden)

    def _learned(self, pair: Shared, domains: NDArray[np.int16], data: str) -> MetaBridge:
        """Train the bridges from one domain to another."""
        had, wanted = (cells_of_domain(pair.cells, domains, code) for code in (pair.source, pair.target))
        with seeded(self.seed):
            network = self._form()
        scales = (unit_of(self.whitened_[domains == pair.source]), unit_of(pair.vectors), unit_of(pair.wanted))
        network.start_at(linear_map(pair.vectors, pair.wanted, self.ridge), *map(float, scales))
        if self.rounds == 0:
            return network
        items, vectors = torch.from_numpy(self.whitened_), torch.from_numpy(pair.vectors)
        order = random(self.seed).permutation(len(pair.vectors))
        held = order[: len(order) // _TENTH if len(order) >= _FEWEST else 0]
        taught = np.sort(order[len(held) :])

        def lesson(rows: NDArray[np.integer]) -> Lesson:
            own = torch.from_numpy(np.ascontiguousarray(pair.wanted[rows]))
            return Lesson(vectors[rows], _bags(had, rows), _bags(wanted, rows), own)

        def batches(epoch: int) -> Iterator[Lesson]:
            for rows in shuffled(taught, _BATCH, seed=self.seed, epoch=epoch):
                yield lesson(rows)

        exam = lesson(np.sort(held))
        train(
            network,
            lambda one: -share_found(network, one, items).mean(),
            batches,
            Course(self.rounds, self.learning_rate, patience=self.patience, seed=self.seed),
            exam=(lambda: float(share_found(network, exam, items).mean())) if len(held) else None,
            identity=f"{self} {data} {pair.source} {pair.target}",
        )
        return network


def _bags(cells: sp.csr_array, rows: NDArray[np.integer]) -> Bags:
    return bags_of(sp.csr_array(cells[rows]))
