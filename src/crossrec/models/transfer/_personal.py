"""Personal: bridges of each person's own between domains, learned and walked over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossrec.core.arrays import Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.training.bags import Bags, bags_of, shuffled
from crossrec.models.training.trainer import Course, train
from crossrec.models.training.weights import filled, seeded, weights_of
from crossrec.models.transfer._bridge import Shared
from crossrec.models.transfer._domains import cells_of_domain
from crossrec.models.transfer._mapping import linear_map, unit_of
from crossrec.models.transfer._meta import Lesson, MetaBridge

__all__ = ["Personal"]

_BATCH, _ASKED, _TENTH, _FEWEST = 128, 1024, 10, 100
"""Persons of a batch; asked about at a time; every which one is held out, where there are so many."""


class Personal:
    """Carries vectors over by a `MetaBridge` for each ordered pair of domains.

    The half that `ptupcdr` and `rated_ptupcdr` share, each with the vectors that its own `factorised` gives. A model
    writes `shown` and `loss`, and `had_of` and `wanted_of` where they are not the cells as they are.
    """

    ridge: float
    hidden: int
    rounds: int
    learning_rate: float
    patience: int
    seed: int
    bridges_: Mapping[str, NDArray[Any]]

    if TYPE_CHECKING:

        def factorised(self, train: Interactions) -> Iterator[Shared]:
            """Give the persons of each ordered pair of domains; see `Bridge` and `RatedBridge`."""
            ...

        @property
        def shown(self) -> Floats:
            """Float32[I, D] vectors of the items."""
            ...

        def loss(self, network: nn.Module, lesson: Lesson, items: Tensor) -> Tensor:
            """Return the mean loss of some persons, items being Float32[I, D]."""
            ...

    def had_of(self, cells: sp.csr_array, source: int) -> sp.csr_array:  # noqa: ARG002
        """Return [B, I] what a bridge is made from, of what was had in the source."""
        return cells

    def wanted_of(self, cells: sp.csr_array, target: int) -> sp.csr_array:  # noqa: ARG002
        """Return [B, I] what a bridge should lead to, of what was had in the target."""
        return cells

    def learn_bridges(self, data: Interactions) -> None:
        """Learn the bridges from the persons in two domains.

        Raises:
            InvalidInput: A setting is out of its range.
        """
        if not self.ridge > 0 or self.hidden < 1 or self.rounds < 0:
            raise InvalidInput(
                f"{type(self).__name__}: expected ridge > 0, hidden >= 1 and rounds >= 0, got "
                f"{self.ridge}, {self.hidden} and {self.rounds}"
            )
        found: dict[str, NDArray[Any]] = {}
        for pair in self.factorised(data):
            if len(pair.vectors):
                network = self._learned(pair, data)
                found |= {f"{pair.source}.{pair.target}.{name}": part for name, part in weights_of(network).items()}
        self.bridges_ = found or {"none": np.zeros(0, dtype=np.float32)}

    def carried(self, cells: sp.csr_array, vectors: Floats, source: int, target: int) -> Floats:
        """Return the vectors over the persons' own bridges, Float32[B, D]; zero where nobody was in both."""
        begin, found = f"{source}.{target}.", np.zeros_like(vectors)
        weights = {name.removeprefix(begin): part for name, part in self.bridges_.items() if name.startswith(begin)}
        if not weights:
            return found
        network, items = filled(self._form(), weights), torch.from_numpy(self.shown)
        had = self.had_of(cells, source)
        for start in range(0, len(vectors), _ASKED):
            rows = np.arange(start, min(start + _ASKED, len(vectors)))
            with torch.inference_mode():
                found[rows] = network(torch.from_numpy(vectors[rows]), _bags(had, rows), items).numpy()
        return found

    def _form(self) -> MetaBridge:
        return MetaBridge(self.shown.shape[1], self.hidden)

    def _learned(self, pair: Shared, data: Interactions) -> MetaBridge:
        """Train the bridges from one domain to another."""
        domains = data.catalogue.domains
        with seeded(self.seed):
            network = self._form()
        scales = (unit_of(self.shown[domains == pair.source]), unit_of(pair.vectors), unit_of(pair.wanted))
        network.start_at(linear_map(pair.vectors, pair.wanted, self.ridge), *map(float, scales))
        if self.rounds == 0:
            return network
        had = self.had_of(cells_of_domain(pair.cells, domains, pair.source), pair.source)
        wanted = self.wanted_of(cells_of_domain(pair.cells, domains, pair.target), pair.target)
        items, vectors, own = (torch.from_numpy(one) for one in (self.shown, pair.vectors, pair.wanted))
        order = random(self.seed).permutation(len(vectors))
        held = np.sort(order[: len(order) // _TENTH if len(order) >= _FEWEST else 0])
        taught = np.sort(order[len(held) :])

        def lesson(rows: NDArray[np.integer]) -> Lesson:
            return Lesson(vectors[rows], _bags(had, rows), _bags(wanted, rows), own[rows])

        def batches(epoch: int) -> Iterator[Lesson]:
            for rows in shuffled(taught, _BATCH, seed=self.seed, epoch=epoch):
                yield lesson(rows)

        exam = lesson(held)
        train(
            network,
            lambda one: self.loss(network, one, items),
            batches,
            Course(self.rounds, self.learning_rate, patience=self.patience, seed=self.seed),
            exam=(lambda: -float(self.loss(network, exam, items))) if len(held) else None,
            identity=f"{self} {data.fingerprint} {pair.source} {pair.target}",
        )
        return network


def _bags(cells: sp.csr_array, rows: NDArray[np.integer]) -> Bags:
    return bags_of(sp.csr_array(cells[rows]))
