"""NextItem: what models share that look at a history in order and say what comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossrec.core.arrays import Codes, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.core.vocabulary import Id
from crossrec.models.histories import Histories
from crossrec.models.ranking import Scorer
from crossrec.models.sequence._sequences import Sequences, sequences_of
from crossrec.models.sequence._transformer import Shape, Transformer
from crossrec.models.space import Choice, Range, Space, refuse_outside
from crossrec.models.training.export import Exported
from crossrec.models.training.network import FromNetwork
from crossrec.models.training.trainer import Course

__all__ = ["NextItem"]

_ROWS, _PLACES = 512, 65_536
"""Histories, and places of them, that are looked at together."""
_OF_A_PLACE, _OF_A_PAIR, _OF_A_SCORE = 18, 8, 3
"""Numbers kept for each of a place's `width`, for each pair of places, and for each score; chosen by measuring."""


@dataclass
class NextItem(FromNetwork):
    """Scores items by the vector at the end of a history; see the models for what the settings mean."""

    small: ClassVar[Mapping[str, Any]] = {
        "width": 16,
        "blocks": 1,
        "dropout": 0.1,
        "epochs": 60,
        "learning_rate": 0.02,
        "average": 0.0,
    }
    space: ClassVar[Space] = {
        "width": Choice((32, 64, 128, 256)),
        "blocks": Range(1, 3, whole=True),
        "heads": Choice((1, 2, 4)),
        "dropout": Range(0.1, 0.7),
        "longest": Choice((50, 100, 200)),
        "learning_rate": Range(3e-4, 3e-3, log=True),
    }
    gap_at_end: ClassVar[bool] = False
    """Ask for a gap behind the last item, instead of for what follows it."""
    width: int = 64
    blocks: int = 2
    heads: int = 1
    dropout: float = 0.3
    longest: int = 50
    negatives: int = 2_048
    epochs: int = 100
    batch_size: int = 48
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    patience: int = 10
    average: float = 0.999
    seed: int = 0

    def form(self, items: int) -> nn.Module:
        """Return the untrained network: code I stands behind the end, and I + 1 is a gap where there are any."""
        return Transformer(items + 1 + self.gap_at_end, **self.shape, causal=not self.gap_at_end)

    @property
    def shape(self) -> Shape:
        """What the settings say of the network."""
        return {
            "width": self.width,
            "blocks": self.blocks,
            "heads": self.heads,
            "dropout": self.dropout,
            "longest": self.longest,
        }

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Multiply the vector at the end of each history with those of the items."""
        codes, asked = self.candidate_codes(candidates), self.aligned(queries)
        return self._scored(self.network, asked, codes)

    def exported(self) -> Exported:
        """Return the network with two inputs: items, the newest last, and how many places of a row they fill."""
        network = _Asked(self.network, len(self.catalogue_), gap_at_end=self.gap_at_end)
        places = {0: ("batch", None), 1: ("length", self.longest - self.gap_at_end)}
        examples = {"items": torch.zeros((2, 2), dtype=torch.int64), "lengths": torch.tensor([2, 1])}
        return Exported(network, examples, {"items": places, "lengths": {0: places[0]}})

    def check_settings(self) -> None:
        """Refuse settings out of their range.

        Raises:
            InvalidInput: One is.
        """
        counted = ("width", "blocks", "heads", "negatives", "batch_size")
        refuse_outside(self, least={**dict.fromkeys(counted, 1), "longest": 2})
        if self.width % self.heads:
            raise InvalidInput(
                f"{type(self).__name__}: expected a width that heads divide, got {self.width} and {self.heads}"
            )

    def histories_to_learn(self, train: Interactions, longest: int) -> Sequences:
        """Return the newest items of each person.

        Raises:
            InvalidInput: Nobody did two things.
        """
        whole = sequences_of(Histories.of(train).acts, longest)
        if not (whole.lengths > 1).any():
            raise InvalidInput(f"{type(self).__name__} learns what follows what, and nobody in the data did two things")
        return whole

    def learned(
        self,
        train: Interactions,
        validation: Interactions | None,
        loss: Callable[[Any, Any], Tensor],
        batches: Callable[[int], Iterable[Any]],
        *,
        all_of_it: Interactions,
        batch_bytes: float,
    ) -> Any:
        """Train by the settings; see `FromNetwork.taught`."""
        course = Course(
            self.epochs, self.learning_rate, self.weight_decay, self.patience, average=self.average, seed=self.seed
        )
        return self.taught(
            train,
            validation,
            course,
            loss=loss,
            batches=batches,
            scorer=self._scorer,
            all_of_it=all_of_it,
            batch_bytes=batch_bytes,
        )

    def batch_bytes(self, lengths: NDArray[np.int64], targets: float, numbers: int) -> float:
        """Return about what the largest batch takes: the activations of its places, and the scores of its targets.

        Args:
            lengths: Int64[N] places of each history that is learned from.
            targets: Share of the places that have a target.
            numbers: Kept for each target: scores of items, their vectors, or its gradient.
        """
        longest = int(lengths.max(initial=0))
        there = max(1, int(np.count_nonzero(lengths)))
        share = min(self.batch_size, there) * int(lengths.sum()) / there  # as `rounds` cuts them
        filled = max(share, longest)
        layers = self.blocks * filled * (_OF_A_PLACE * self.width + _OF_A_PAIR * longest * self.heads)
        return 4.0 * (layers + _OF_A_SCORE * targets * filled * numbers)

    def kept_of_a_target(self, items: int) -> int:
        """Return the numbers that `sampled_softmax` keeps: scores of what was drawn, or of all items the gradient."""
        return self.width if self.negatives >= items else self.negatives

    def _scorer(self, network: Any) -> Scorer:
        """Return the scores of a network that is still learning."""

        def score(queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:  # noqa: ARG001 - all are asked
            return self._scored(network, queries, None)

        return score

    def _scored(self, network: Any, queries: Queries, codes: Codes | None) -> Scores:
        """Return the scores of a network for queries on its own codes."""
        items = len(queries.catalogue)
        kept = sequences_of(queries, self.longest - self.gap_at_end)
        table = network.table.weight.detach().numpy()
        features = table[:items] if codes is None else table[codes]
        known = kept.lengths > 0
        return Scores(np.ascontiguousarray(self._ends(network, kept, items) @ features.T), known)

    def _ends(self, network: Any, kept: Sequences, items: int) -> Floats:
        """Return Float32[B, D] the vectors at the ends, 0 for empty histories; similar lengths go together."""
        lengths = kept.lengths
        vectors = np.zeros((len(lengths), self.width), np.float32)
        order = np.argsort(lengths, kind="stable")[np.count_nonzero(lengths == 0) :]
        with torch.inference_mode():
            while len(order):
                size = max(1, min(_ROWS, _PLACES // int(lengths[order[min(len(order), _ROWS) - 1]])))
                rows, order = order[:size], order[size:]
                vectors[rows] = self._at_end(network, kept.padded(rows, items), lengths[rows], items).numpy()
        return vectors

    def _at_end(self, network: Any, table: NDArray[np.int64], lengths: NDArray[np.int64], items: int) -> Tensor:
        """Return the vectors at the ends of some histories."""
        places, sizes = torch.from_numpy(table), torch.from_numpy(lengths)
        rows = torch.arange(len(places))
        if self.gap_at_end:
            places = torch.nn.functional.pad(places, (0, 1), value=items)
            places[rows, sizes] = items + 1
            sizes = sizes + 1
        found: Tensor = network(places, sizes)[rows, sizes - 1]
        return found


class _Asked(nn.Module):
    """From Int64[B, L] items, any behind the end, and Int64[B] lengths >= 1 to Float32[B, I] scores."""

    def __init__(self, network: Transformer, items: int, *, gap_at_end: bool) -> None:
        super().__init__()
        self.network, self.items, self.gap_at_end = network, items, gap_at_end

    def forward(self, items: Tensor, lengths: Tensor) -> Tensor:
        if self.gap_at_end:
            items = nn.functional.pad(items, (0, 1), value=self.items)
            at_end = torch.arange(items.shape[1])[None, :] == lengths[:, None]
            items = torch.where(at_end, self.items + 1, items)
            lengths = lengths + 1
        vectors = self.network(items, lengths)
        ends = (lengths - 1)[:, None, None].expand(-1, 1, vectors.shape[2])
        return self.network.against_items(torch.gather(vectors, 1, ends)[:, 0], self.items)
