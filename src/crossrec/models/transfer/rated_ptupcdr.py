"""Rated PTUPCDR: a bridge of each person's own between the ratings of two domains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossrec.core.arrays import Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.classic._ridge import less
from crossrec.models.space import Range, Space
from crossrec.models.training.bags import Bags, bags_of, shuffled
from crossrec.models.training.trainer import Course, train
from crossrec.models.training.weights import filled, seeded, weights_of
from crossrec.models.transfer._bridge import Shared
from crossrec.models.transfer._domains import cells_of_domain
from crossrec.models.transfer._mapping import linear_map, unit_of
from crossrec.models.transfer._meta import MetaBridge
from crossrec.models.transfer._rated_bridge import RatedBridge

__all__ = ["RatedPTUPCDR"]

_BATCH, _ASKED, _TENTH, _FEWEST = 128, 1024, 10, 100


class _Lesson(NamedTuple):
    """B persons: their vectors and what they liked in the source, and their ratings in the target less its mean."""

    vectors: Tensor
    liked: Bags
    wanted: Bags


@dataclass
class RatedPTUPCDR(RatedBridge):
    """Predicts ratings in a domain for whoever rated in another, over a bridge of their own.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items of each domain, >= 1.
        ridge: Penalty on the linear mapping that all bridges start from, as in `rated_emcdr`, > 0.
        hidden: Units of the meta network's hidden layer, >= 1.
        rounds: Of the meta network over the persons at most, >= 0; 0 is the linear mapping.
        learning_rate: Of the meta network, > 0.
        patience: Rounds without a better result on a tenth of the persons, held out, before it stops; below 100 persons
            in both domains nobody is held out, and all rounds are gone.
        seed: Fixes the vectors and the network at the start, who is held out, and the order.

    Source: Zhu et al. 2022, "Personalized transfer of user preferences for cross-domain recommendation", with its
    loss, the squared error of the target's ratings. Attention is over the source items rated above the source's mean,
    where the published code takes those above 3; over all where there is none. Departs in biases, which are carried
    with the vectors; in the factors, which are those of `svd`; in bridges that start at the linear mapping; in early
    stop; and in vectors solved from the ratings in the query.
    """

    ridge: float = 1.0
    hidden: int = 50
    rounds: int = 50
    learning_rate: float = 0.001
    patience: int = 5
    small: ClassVar[Mapping[str, Any]] = {"rounds": 3}
    space: ClassVar[Space] = {
        "factors": Range(5, 100, log=True, whole=True),
        "ridge": Range(0.001, 100, log=True),
        "hidden": Range(10, 200, log=True, whole=True),
        "learning_rate": Range(1e-4, 0.03, log=True),
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> RatedPTUPCDR:  # noqa: ARG002
        """Factorise each domain, and learn the bridges from the persons that rated in two.

        Raises:
            InvalidInput: A setting is out of its range, or nothing is rated.
        """
        if not self.ridge > 0 or self.hidden < 1 or self.rounds < 0:
            raise InvalidInput(
                "RatedPTUPCDR: expected ridge > 0, hidden >= 1 and rounds >= 0, got "
                f"{self.ridge}, {self.hidden} and {self.rounds}"
            )
        found: dict[str, NDArray[Any]] = {}
        for pair in self.factorised(train):
            if len(pair.vectors):
                network = self._learned(pair, train.fingerprint)
                found |= {f"{pair.source}.{pair.target}.{name}": part for name, part in weights_of(network).items()}
        self.bridges_ = found or {"none": np.zeros(0, dtype=np.float32)}
        return self.remember(train)

    def carried(self, cells: sp.csr_array, vectors: Floats, source: int, target: int) -> Floats:
        """Return vectors and biases over the persons' own bridges; zero where nobody was in both; see `RatedBridge`."""
        begin, found = f"{source}.{target}.", np.zeros_like(vectors)
        weights = {name.removeprefix(begin): part for name, part in self.bridges_.items() if name.startswith(begin)}
        if not weights:
            return found
        network, items = filled(self._form(), weights), torch.from_numpy(self.items_)
        for start in range(0, len(vectors), _ASKED):
            rows = slice(start, start + _ASKED)
            with torch.inference_mode():
                bags = bags_of(_liked(sp.csr_array(cells[rows]), float(self.means_[source])))
                found[rows] = network(torch.from_numpy(np.ascontiguousarray(vectors[rows])), bags, items).numpy()
        return found

    def _form(self) -> MetaBridge:
        return MetaBridge(self.factors + 1, self.hidden)

    def _learned(self, pair: Shared, data: str) -> MetaBridge:
        """Train the bridges from one domain to another."""
        domains = self.catalogue_.domains
        liked = _liked(cells_of_domain(pair.cells, domains, pair.source), float(self.means_[pair.source]))
        wanted = less(cells_of_domain(pair.cells, domains, pair.target), float(self.means_[pair.target]))
        with seeded(self.seed):
            network = self._form()
        scales = (unit_of(self.items_[domains == pair.source]), unit_of(pair.vectors), unit_of(pair.wanted))
        network.start_at(linear_map(pair.vectors, pair.wanted, self.ridge), *map(float, scales))
        if self.rounds == 0:
            return network
        items, vectors = torch.from_numpy(self.items_), torch.from_numpy(pair.vectors)
        order = random(self.seed).permutation(len(pair.vectors))
        held = np.sort(order[: len(order) // _TENTH if len(order) >= _FEWEST else 0])
        taught = np.sort(order[len(held) :])

        def lesson(rows: NDArray[np.integer]) -> _Lesson:
            return _Lesson(vectors[rows], *(bags_of(sp.csr_array(cells[rows])) for cells in (liked, wanted)))

        def batches(epoch: int) -> Iterator[_Lesson]:
            for rows in shuffled(taught, _BATCH, seed=self.seed, epoch=epoch):
                yield lesson(rows)

        exam = lesson(held)
        train(
            network,
            lambda one: _error(network, one, items),
            batches,
            Course(self.rounds, self.learning_rate, patience=self.patience, seed=self.seed),
            exam=(lambda: 1 / (1 + float(_error(network, exam, items)))) if len(held) else None,
            identity=f"{self} {data} {pair.source} {pair.target}",
        )
        return network


def _liked(rated: sp.csr_array, mean: float) -> sp.csr_array:
    """Return the cells above the mean of each row that has any, and all cells of the others."""
    row = np.repeat(np.arange(rated.shape[0]), np.diff(rated.indptr))
    above = rated.data > mean
    keep = above | (np.bincount(row, above, minlength=rated.shape[0]) == 0)[row]
    before = np.concatenate([[0], np.cumsum(keep)])
    return sp.csr_array((rated.data[keep], rated.indices[keep], before[rated.indptr]), shape=rated.shape)


def _error(network: nn.Module, lesson: _Lesson, items: Tensor) -> Tensor:
    """Return the mean squared error of the ratings in the target."""
    found = network(lesson.vectors, lesson.liked, items)
    row = torch.repeat_interleave(torch.arange(len(found)), lesson.wanted.sizes)
    mine, shown = found[row], items[lesson.wanted.items]
    told = (mine[:, :-1] * shown[:, :-1]).sum(1) + mine[:, -1] + shown[:, -1]
    return nn.functional.mse_loss(told, lesson.wanted.values)
