"""NCF: a network over the vectors of a history and of an item, for likes and for ratings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from crossrec.core.arrays import Codes, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.core.vocabulary import Id
from crossrec.models.neural._towers import Towers
from crossrec.models.ranking import Scorer
from crossrec.models.space import Choice, Range, Space, refuse_outside
from crossrec.models.training.bags import Bags, bags_of, shuffled
from crossrec.models.training.exam import held_out
from crossrec.models.training.export import Exported, of_history
from crossrec.models.training.network import FromNetwork
from crossrec.models.training.trainer import Course

__all__ = ["NCF"]

KINDS, LOSSES = ("mlp", "neumf"), ("auto", "bce", "mse")
_PAIRS, _TRIES, _COPIES = 65_536, 5, 6
"""Pairs of a history and an item that are looked at together; draws of a negative that was had after all; and tensors
of a batch that are as wide as the layers together."""


class _Batch(NamedTuple):
    """A acts, each with the history of its person and the items that are asked about.

    Args:
        bags: Histories of the persons.
        rows: Int64[A] whose act it is.
        own: Float32[A] what the act counts for in its history, from which it is taken out.
        items: Int64[A, 1 + N], the act's item first, then those drawn.
    """

    bags: Bags
    rows: Tensor
    own: Tensor
    items: Tensor


@dataclass
class NCF(FromNetwork):
    """Learns how a history and an item go together, instead of taking the product of their vectors.

    Args:
        kind: "mlp", a tower of layers with batch norm; "neumf", the published sum of a tower and of products.
        width: Numbers of a vector that enters the tower, a multiple of 4.
        dropout: Share of numbers left out behind each layer while learning, in [0, 1).
        loss: "bce" tells what was had from items drawn; "mse" tells ratings; "auto" is "mse" where every act is rated.
        negatives: Items drawn for each act, among those the person did not have; none for "mse".
        epochs: Rounds over the acts at most.
        batch_size: Acts learned from together, >= 2.
        learning_rate: Of Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops; with
            "mse" there is no exam, and all epochs are run.
        seed: Fixes the start and all that is drawn.

    Source: He et al. 2017 (arXiv 1708.05031), sections 3.1 to 3.4, without pre-training. Departs in the person, who has
    no vector: it is the sum of vectors of the history's items over the root of their number (as in FISM, Kabbur et al.
    2013), an act that is learned being left out of its own history, so that a stranger is served like everyone else.
    For ratings the items of a history count by how far their ratings are from the mean, in standard deviations.
    """

    space: ClassVar[Space] = {
        "kind": Choice(KINDS),
        "width": Range(32, 256, log=True, whole=True),
        "dropout": Range(0, 0.6),
        "negatives": Range(2, 16, whole=True),
        "batch_size": Range(256, 4096, log=True, whole=True),
        "learning_rate": Range(2e-4, 5e-3, log=True),
    }
    small: ClassVar[Mapping[str, Any]] = {"width": 16, "epochs": 15, "batch_size": 64, "learning_rate": 0.01}
    kind: str = "mlp"
    width: int = 128
    dropout: float = 0.2
    loss: str = "auto"
    negatives: int = 4
    epochs: int = 30
    batch_size: int = 1024
    learning_rate: float = 1e-3
    patience: int = 5
    seed: int = 0

    def form(self, items: int) -> Towers:
        """Return the untrained network."""
        return Towers(items, self.width, self.dropout, published=self.kind == "neumf")

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> NCF:
        """Learn from acts, or from ratings.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did two things (or rated them, for "mse").
            NotFound: No such kind or loss.
        """
        self._check_settings()
        self.rated_ = self.loss == "mse" or (self.loss == "auto" and train.liked.has_ratings)
        part, exam = (train, None) if self.rated_ else held_out(train, validation, seed=self.seed)
        seen = part.csr("ratings" if self.rated_ else "binary")
        acts = np.flatnonzero(np.repeat(np.diff(seen.indptr), np.diff(seen.indptr)) > 1)
        if not len(acts):
            what = "rated" if self.rated_ else "did"
            raise InvalidInput(
                f"NCF learns an item from the rest of a history, and nobody in the data {what} two things"
            )
        self._keep_scale(seen)
        seen = self._centred(seen)
        course = Course(self.epochs, self.learning_rate, patience=self.patience, seed=self.seed)
        return self.taught(
            part,
            exam,
            course,
            loss=self._lost,
            batches=lambda epoch: self._batches(seen, acts, epoch),
            scorer=self._scorer,
            all_of_it=train,
            batch_bytes=_COPIES * 4 * self.batch_size * (1 + self.negatives) * 4 * self.width,
        )

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Ask the network about each item, or say which rating is likely."""
        return self._scored(self.network, self.aligned(queries), self.candidate_codes(candidates))

    def predict(self, queries: Queries, items: Codes) -> Floats:
        """Return one rating a query, within the range seen in training, the mean for an unknown item; see `Rates`.

        Raises:
            InvalidInput: It did not learn ratings.
        """
        asked = self.aligned(queries)
        if not self.rated_:
            raise InvalidInput("NCF: expected a model that learned ratings, got one of loss 'bce'; fit with loss='mse'")
        found = np.empty(len(items), dtype=np.float32)
        with torch.inference_mode():
            histories = self._histories(self.network, asked)
            shown = self.network.shown.weight[torch.from_numpy(np.maximum(items, 0).astype(np.int64))]
            for start in range(0, len(items), _PAIRS):
                part = slice(start, start + _PAIRS)
                found[part] = self.network(histories[part], shown[part, None])[:, 0].numpy()
        values = np.where(items >= 0, found * self.spread_ + self.mean_, self.mean_)
        return np.clip(values, self.low_, self.high_).astype(np.float32)

    def exported(self) -> Exported:
        """Return the network with one input: the history, 1 for each item that was had, or its rating."""
        return of_history(_Asked(self.network, self.mean_, self.spread_), len(self.catalogue_))

    def _check_settings(self) -> None:
        """Refuse settings out of their range."""
        if self.kind not in KINDS:
            raise unknown_name("kind", self.kind, KINDS)
        if self.loss not in LOSSES:
            raise unknown_name("loss", self.loss, LOSSES)
        refuse_outside(self, least={"width": 4, "negatives": 1, "batch_size": 2})
        if self.width % 4:
            raise InvalidInput(f"NCF: expected a width that 4 divides, got {self.width}")

    def _keep_scale(self, seen: sp.csr_array) -> None:
        """Keep mean, spread and range of the ratings."""
        values = seen.data.astype(np.float64) if self.rated_ else np.zeros(1)
        self.mean_, self.spread_ = float(values.mean()), float(values.std()) or 1.0
        self.low_, self.high_ = float(values.min()), float(values.max())

    def _centred(self, rows: sp.csr_array) -> sp.csr_array:
        """Return a matrix of ratings in standard deviations from the mean; one of acts as it is."""
        if not self.rated_:
            return rows
        values = ((rows.data - self.mean_) / self.spread_).astype(np.float32)
        return sp.csr_array((values, rows.indices, rows.indptr), shape=rows.shape)

    def _batches(self, seen: sp.csr_array, acts: NDArray[np.int64], epoch: int) -> Iterator[_Batch]:
        """Give acts with the histories of their persons, and items drawn that these did not have."""
        users = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr))
        had = users * seen.shape[1] + seen.indices
        chance = random(self.seed * 100_003 + epoch + 1_000_000)
        for chosen in shuffled(acts, self.batch_size, seed=self.seed, epoch=epoch):
            if len(chosen) == 1:  # what is left over: one act has no spread to normalise by
                continue
            persons, rows = np.unique(users[chosen], return_inverse=True)
            items = seen.indices[chosen].astype(np.int64)[:, None]
            if not self.rated_:
                others = _not_had(had, users[chosen], seen.shape[1], self.negatives, chance)
                items = np.hstack([items, others])
            own = torch.from_numpy(seen.data[chosen])
            yield _Batch(bags_of(sp.csr_array(seen[persons])), torch.from_numpy(rows), own, torch.from_numpy(items))

    def _lost(self, network: Towers, batch: _Batch) -> Tensor:
        """Return the mean loss of some acts."""
        bags, rows, own, items = batch
        left = network.sums(bags)[rows] - network.past(items[:, 0]) * own[:, None]
        others = (bags.sizes[rows, None] - 1).clamp(min=1).to(torch.float32)
        told = network(left * others.rsqrt(), network.shown(items))
        if self.rated_:
            return functional.mse_loss(told[:, 0], own)
        wanted = torch.zeros_like(told)
        wanted[:, 0] = 1.0
        return functional.binary_cross_entropy_with_logits(told, wanted)

    def _histories(self, network: Towers, queries: Queries) -> Tensor:
        """Return Float32[B, W] the vectors of whole histories."""
        bags = bags_of(self._centred(queries.csr("ratings" if self.rated_ else "binary")))
        return network.sums(bags) * bags.sizes.clamp(min=1).to(torch.float32).rsqrt()[:, None]

    def _scorer(self, network: Towers) -> Scorer:
        """Return the scores of a network that is still learning."""

        def score(queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:  # noqa: ARG001 - all are asked
            return self._scored(network, queries, None)

        return score

    def _scored(self, network: Towers, queries: Queries, codes: Codes | None) -> Scores:
        """Return the scores of a network for queries on its own codes."""
        known = np.diff(queries.csr("ratings" if self.rated_ else "binary").indptr) > 0
        with torch.inference_mode():
            shown = network.shown.weight
            shown = shown if codes is None else shown[torch.from_numpy(codes.astype(np.int64))]
            values = np.zeros((len(queries), len(shown)), dtype=np.float32)
            histories, size = self._histories(network, queries), max(1, _PAIRS // max(1, len(shown)))
            for start in range(0, len(values), size):
                values[start : start + size] = network(histories[start : start + size], shown[None]).numpy()
        return Scores(values * np.float32(self.spread_) + np.float32(self.mean_), known)


class _Asked(nn.Module):
    """A network as others ask it: from Float32[B, I], 0 for what was not had, to Float32[B, I] scores."""

    def __init__(self, network: Towers, mean: float, spread: float) -> None:
        super().__init__()
        self.network, self.mean, self.spread = network, mean, spread

    def forward(self, history: Tensor) -> Tensor:
        here = (history != 0).to(torch.float32)
        values = (history - self.mean * here) / self.spread
        vectors = values @ self.network.past.weight * here.sum(dim=1, keepdim=True).clamp(min=1).rsqrt()
        found: Tensor = self.network(vectors, self.network.shown.weight[None]) * self.spread + self.mean
        return found


def _not_had(
    had: NDArray[np.int64], users: NDArray[np.int64], items: int, count: int, chance: np.random.Generator
) -> NDArray[np.int64]:
    """Draw Int64[A, N] items alike, again where the user had them; who had nearly all may keep one of them.

    Args:
        had: Int64[nnz] user · items + item, rising.
        users: Int64[A].
        items: Items of the catalogue.
        count: N.
        chance: Draws.
    """
    drawn = chance.integers(0, items, (len(users), count))
    for _ in range(_TRIES):
        keys = users[:, None] * items + drawn
        wrong = had[np.minimum(np.searchsorted(had, keys), len(had) - 1)] == keys
        drawn[wrong] = chance.integers(0, items, int(wrong.sum()))
    return drawn
