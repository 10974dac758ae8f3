"""ItemGraph: what models share that smooth vectors of items on the graph of users and items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional

from crossrec.core.arrays import Codes, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import block_labels
from crossrec.models.classic._factors import FromProducts, Products, Reach, similar_by_angle
from crossrec.models.classic._neighbours import strongest_term
from crossrec.models.classic._sparse import sum_of_rows
from crossrec.models.graph._propagation import Graph
from crossrec.models.ranking import Scorer
from crossrec.models.space import refuse_outside
from crossrec.models.training.bags import Bags, bags_of, shuffled, sums_of
from crossrec.models.training.exam import held_out
from crossrec.models.training.export import Exported, of_history
from crossrec.models.training.network import FromNetwork
from crossrec.models.training.trainer import Course

__all__ = ["ItemGraph", "Vectors", "asked_for"]

_START, _COPIES = 0.1, 3
"""Spread of the vectors at the start; and scores of a batch, their exponentials and their gradients."""


class Vectors(NamedTuple):
    """Vectors of items on both sides of a score.

    Args:
        sources: Float32[I, D]: a history's vector is the sum of its items', each over the root of the item's size,
            over the root of the history's.
        targets: Float32[I, D], which that vector is multiplied with.
    """

    sources: Tensor
    targets: Tensor


@dataclass
class ItemGraph(FromProducts, FromNetwork):
    """Scores by the sum of a history's vectors; see the models for what the settings mean.

    A model writes `walked`, the vectors after the steps on the graph, and gives `learned` its loss.
    """

    exempt: ClassVar[Mapping[str, str]] = {}
    small: ClassVar[Mapping[str, Any]] = {"factors": 16, "epochs": 30, "learning_rate": 0.05}
    factors: int = 64
    layers: int = 3
    dropout: float = 0.5
    negatives: int = 0
    epochs: int = 100
    batch_size: int = 512
    learning_rate: float = 0.01
    patience: int = 10
    seed: int = 0

    if TYPE_CHECKING:

        def walked(self, table: Tensor, graph: Graph) -> Vectors:
            """Return the vectors after the steps on the graph; the model writes this."""
            ...

    def form(self, items: int) -> nn.Embedding:
        """Return the vectors of items before any step on the graph."""
        table = nn.Embedding(items, self.factors)
        nn.init.normal_(table.weight, 0.0, _START)
        return table

    def products(self, queries: Queries) -> Products:
        """Sum each history's vectors; see `FromProducts`. Other blocks are where no way on the graph leads."""
        rows, targets = queries.csr(), self.weights_["targets"]
        vectors, known = _users(rows, self.weights_["sources"]), np.diff(rows.indptr) > 0
        return Products(vectors[None], targets, known, reach=Reach(rows, self.blocks_))

    def exported(self) -> Exported:
        """Return the vectors with one input: the history, 1 for each item that was had."""
        found = _Asked(self.weights_["sources"], self.weights_["targets"], self.blocks_)
        return of_history(found, len(self.catalogue_))

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items whose vectors point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        return similar_by_angle(self.catalogue_, items, self.weights_["targets"], k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item that added most to each score; see `Explains`."""
        sources, targets = self.weights_["sources"], self.weights_["targets"]

        def terms(past: Codes, shown: Codes) -> Floats:
            found: Floats = sources[past] @ targets[shown].T
            return found

        return strongest_term(self.aligned(queries), items, terms)

    def learned(
        self,
        train: Interactions,
        validation: Interactions | None,
        loss: Callable[[Tensor, Graph, Bags], Tensor],
    ) -> Any:
        """Learn the vectors of items, and keep them as they are after the steps on the graph.

        Args:
            train: What is learned from.
            validation: What the exam is made of.
            loss: Of the vectors before any step, on the graph, of some histories.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did anything.
        """
        self._check_settings()
        part, exam = held_out(train, validation, seed=self.seed)
        seen = part.csr()
        if not seen.nnz:
            raise InvalidInput(f"{type(self).__name__} learns from histories, and nobody in the data did anything")
        graph, asked = Graph.of(seen), self.negatives or len(train.catalogue)

        def scorer(network: nn.Embedding) -> Scorer:
            return _scorer(self._after(network.weight, graph))

        self.taught(
            part,
            exam,
            Course(self.epochs, self.learning_rate, patience=self.patience, seed=self.seed),
            loss=lambda network, bags: loss(network.weight, graph, bags),
            batches=lambda epoch: self._batches(seen, graph.item_scale, epoch),
            scorer=scorer,
            all_of_it=train,
            batch_bytes=_COPIES * 4 * min(self.batch_size, len(train.user_ids)) * asked,
        )
        everything = train.csr()
        self.weights_ = self._after(torch.from_numpy(self.weights_["weight"]), Graph.of(everything))
        self.blocks_ = block_labels(everything)
        return self

    def _after(self, table: Tensor, graph: Graph) -> dict[str, Floats]:
        """Return the vectors after the steps as arrays, those of sources over the roots of the items' sizes."""
        with torch.inference_mode():
            found = self.walked(table, graph)
        sources = found.sources.numpy() * graph.item_scale[:, None]
        return {"sources": sources, "targets": found.targets.numpy().copy()}

    def _check_settings(self) -> None:
        """Refuse settings out of their range."""
        refuse_outside(self, least={"factors": 1, "layers": 1, "batch_size": 1, "negatives": 0})

    def _batches(self, seen: sp.csr_array, scale: Floats, epoch: int) -> Iterator[Bags]:
        """Give histories of which a part is left out, anew in each epoch; the values say what each item adds.

        One of which nothing would be left stays whole.
        """
        persons = np.flatnonzero(np.diff(seen.indptr))
        chance = random(self.seed * 100_003 + epoch + 1_000_000)
        for rows in shuffled(persons, self.batch_size, seed=self.seed, epoch=epoch):
            part = sp.csr_array(seen[rows])
            sizes = np.diff(part.indptr)
            kept = chance.random(part.nnz) >= self.dropout
            kept |= np.repeat(np.add.reduceat(kept, part.indptr[:-1]) == 0, sizes)
            left = np.add.reduceat(kept.astype(np.float32), part.indptr[:-1])
            part.data = kept * scale[part.indices] * np.repeat(left**-0.5, sizes)
            yield bags_of(part)


class _Asked(nn.Module):
    """The vectors as others ask them: from Float32[B, I] of 0 and 1 to Float32[B, I] scores."""

    def __init__(self, sources: Floats, targets: Floats, blocks: Codes) -> None:
        super().__init__()
        self.sources, self.targets = (nn.Parameter(torch.from_numpy(part)) for part in (sources, targets))
        self.blocks = nn.Parameter(torch.from_numpy(blocks.astype(np.int64))[None, :], requires_grad=False)
        self.count = int(blocks.max(initial=0)) + 1

    def forward(self, history: Tensor) -> Tensor:
        shares = history * history.sum(dim=1, keepdim=True).clamp(min=1).rsqrt()
        found: Tensor = shares @ self.sources @ self.targets.T
        if self.count == 1:
            return found
        labels = self.blocks.expand(history.shape[0], -1)
        near = torch.zeros((history.shape[0], self.count)).scatter_add(1, labels, history)
        return found * (torch.gather(near, 1, labels) > 0)  # silent on what no way on the graph leads to


def asked_for(users: Tensor, targets: Tensor, bags: Bags, negatives: int) -> Tensor:
    """Return the mean cross-entropy of all acts of some histories.

    Args:
        users: Float32[B, D].
        targets: Float32[I, D].
        bags: The histories, whole.
        negatives: Items drawn for the batch that stand for all, see `sampled_softmax`; 0 is all items.
    """
    items = len(targets)
    own = (users * sums_of(bags, targets, weighed=False)).sum()
    if not 0 < negatives < items:
        return (torch.logsumexp(users @ targets.T, dim=1) @ bags.sizes.to(users.dtype) - own) / len(bags.items)
    drawn = torch.randint(0, items, (negatives,))
    others = torch.logsumexp(users @ targets[drawn].T, dim=1) + float(np.log(items / negatives))
    rows = torch.repeat_interleave(torch.arange(len(users)), bags.sizes)
    mine = (users[rows] * targets[bags.items]).sum(dim=1)
    return functional.softplus(others[rows] - mine).mean()


def _users(rows: sp.csr_array, sources: Floats) -> Floats:
    """Return Float32[B, D] the vectors of whole histories."""
    sizes = np.maximum(np.diff(rows.indptr), 1).astype(np.float32)
    return sum_of_rows(rows, sources) * sizes[:, None] ** -0.5


def _scorer(weights: Mapping[str, Floats]) -> Scorer:
    """Return the scores of vectors that are still learned."""

    def score(queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:  # noqa: ARG001 - all are asked
        rows = queries.csr()
        return Scores(_users(rows, weights["sources"]) @ weights["targets"].T, np.diff(rows.indptr) > 0)

    return score
