"""AdaptedSASRec: self-attention trained in one domain, adapted to others with few parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from crossrec.core.arrays import Codes
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.models.histories import Histories
from crossrec.models.recommender import create
from crossrec.models.sequence._prefixes import EveryPrefix, pairs_of
from crossrec.models.sequence._sequences import Sequences, rounds, sequences_of
from crossrec.models.space import Range, Space
from crossrec.models.training.exam import held_out
from crossrec.models.training.export import Exported
from crossrec.models.training.weights import Weights, filled
from crossrec.models.transfer._adapters import Adapted

__all__ = ["AdaptedSASRec"]

Batch: TypeAlias = "tuple[int, Tensor, Tensor]"
"""An adapter, Int64[B, L] items, and what follows each, -1 behind the end."""
_LEAST = 1e-9


@dataclass
class AdaptedSASRec(EveryPrefix):
    """Learns one domain as `sasrec` does, and then each other domain with that network frozen.

    A domain that is added learns vectors of its own items and, for each projection of the network, a matrix of low
    rank; it reads what somebody had in the source and in itself, in the order of time. The source is answered by the
    network as it was, from what was had in the source, so that adding domains changes none of its answers: nothing is
    forgotten. A page of all domains weighs the probabilities within each by its share of the training data. Fitted on
    one domain it is `sasrec`, to the bit.

    Args:
        width: Numbers of a vector.
        blocks: Layers of attention.
        heads: Of each layer; they share the width.
        dropout: Share of numbers left out while learning, in [0, 1).
        longest: Newest items of a history that count.
        loss: "softmax" over all items of the domain, "sampled" over some drawn for a batch, "gbce" with some drawn for
            each target.
        negatives: Items drawn for "sampled" and "gbce".
        epochs: Rounds over the data at most, of the source and then of the others.
        batch_size: Histories learned from together, on average; all batches hold about as many items.
        learning_rate: Of Adam.
        weight_decay: Of AdamW; 0 is Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops.
        average: Weights are a running mean over about 1 / (1 - average) batches, in [0, 1); 0 takes the last.
        seed: Fixes the start and all that is drawn.
        source: The domain that is learned first; empty takes the one with most acts.
        rank: Of the matrices that a domain adds, >= 1.

    Source: Kang & McAuley 2018 (arXiv 1808.09781), departing where `sasrec` does, and Hu et al. 2021
    (arXiv 2106.09685) for the matrices.
    """

    exempt: ClassVar[Mapping[str, str]] = {
        "carries_taste_across_domains": "the source, here books, is answered from what was had in it alone",
    }
    space: ClassVar[Space] = {**EveryPrefix.space, "rank": Range(1, 32, log=True, whole=True)}
    source: str = ""
    rank: int = 4

    def form(self, items: int) -> nn.Module:
        """Return the network with untrained adapters, or for one domain that of `sasrec`, untrained."""
        sizes = np.bincount(self.domains_)
        if len(sizes) < 2:
            return super().form(items)
        with torch.device("cpu"):
            base: Any = filled(super().form(int(sizes[0])), self.frozen_ or {})
        return Adapted(base, sizes[1:].tolist(), self.rank)

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> AdaptedSASRec:
        """Learn the source, then the others.

        Raises:
            InvalidInput: A setting is out of its range, nobody did two things in the source, or nobody did anything in
                another domain after something there or in the source.
            NotFound: No such loss, or no such domain.
        """
        self.check_settings()
        if self.rank < 1:
            raise InvalidInput(f"AdaptedSASRec: expected rank >= 1, got {self.rank}")
        names, domains = train.catalogue.domain_names, train.catalogue.domains
        acts = np.bincount(domains[train.liked.items], minlength=len(names))
        source = self.source or names[int(acts.argmax())]
        if not acts[np.unique(domains[train.catalogue.in_domain(source)])].any():
            raise InvalidInput(f"AdaptedSASRec: expected a source with acts, got '{source}', where nobody did anything")
        first = names.index(source)
        present = [first, *(code for code in np.unique(domains).tolist() if code != first)]
        places = np.zeros(len(names), dtype=np.int32)
        places[present] = np.arange(len(present))
        self.domains_, self.shares_ = places[domains], acts[present] / acts.sum()
        self.frozen_ = None if len(present) == 1 else self._source_weights(train, validation, source)
        alone = self.frozen_ is None
        fitted: AdaptedSASRec = self.from_prefixes(train, validation) if alone else self._adapt(train, validation)
        return fitted

    def exported(self) -> Exported:
        """Return the network of one domain; see `NextItem`.

        Raises:
            InvalidInput: There are several, and a file holds one network.
        """
        if isinstance(self.network, Adapted):
            raise InvalidInput(
                f"AdaptedSASRec: ONNX holds one network, and this model has one for each of {len(self.shares_)} "
                "domains; export a domain_sasrec instead, or sasrec trained on the source"
            )
        return super().exported()

    def _source_weights(self, train: Interactions, validation: Interactions | None, name: str) -> Weights:
        """Return the weights of `sasrec` with the same settings, trained on the source alone."""
        settings = {key: value for key, value in dataclasses.asdict(self).items() if key not in ("source", "rank")}
        model: Any = create("sasrec", **settings)
        weights: Weights = model.fit(
            train.domain(name), validation=None if validation is None else validation.domain(name)
        ).weights_
        return weights

    def _adapt(self, train: Interactions, validation: Interactions | None) -> Any:
        """Learn all domains but the source, batches of one after those of another in an order that chance gives."""
        part, exam = held_out(train, validation, seed=self.seed)
        acts, size = Histories.of(part).acts, len(self.shares_)
        self.linked_, sources = np.ones(size, dtype=np.bool_), int((self.domains_ == 0).sum())
        whole = [self._read(acts, which, self.longest + 1) for which in range(1, size)]
        targets = [_places_to_learn(one, sources) for one in whole]
        self.linked_ = np.array([True, *(_follows_the_source(one, sources) for one in whole)])
        self.able_ = np.array([True, *(bool(one.any()) for one in targets)])
        if not self.able_[1:].any():
            raise InvalidInput(
                "AdaptedSASRec learns what follows what, and nobody did anything outside the source after something "
                "there or in the same domain"
            )

        def batches(epoch: int) -> Iterator[Batch]:
            turns = [
                (which, rows)
                for which, lengths in enumerate(targets)
                for rows in rounds(lengths, self.batch_size, seed=self.seed, epoch=epoch)
            ]
            for turn in random(self.seed * 100_003 + epoch).permutation(len(turns)).tolist():
                which, rows = turns[turn]
                yield which, *pairs_of(whole[which], rows, self._filler(which + 1))

        items = len(self.domains_)
        lengths = np.concatenate(targets)
        room = self.batch_bytes(lengths, 1.0, self.numbers_of_a_target(items)) + 8.0 * self.width * items
        return self.learned(part, exam, self._loss_there, batches, all_of_it=train, batch_bytes=room)

    def _loss_there(self, network: Adapted, batch: Batch) -> Tensor:
        """Return the loss of the places of a batch where an act of the added domain follows."""
        which, items, targets = batch
        sources = len(network.table_of(-1))
        here = targets >= sources
        lengths = (targets >= 0).sum(1)
        vectors = network(items, lengths, which)[here]
        return self.loss_among(vectors, targets[here] - sources, network.table_of(which))

    def _scored(self, network: Any, queries: Queries, codes: Codes | None) -> Scores:
        """Return the scores of the domain that is asked for, 0 elsewhere; or of all, as logarithms of probabilities."""
        if not isinstance(network, Adapted):
            return super()._scored(network, queries, codes)
        values = np.zeros((len(queries), len(self.domains_)), dtype=np.float32)
        known = np.zeros(len(queries), dtype=np.bool_)
        asked = slice(None) if queries.domain is None else queries.catalogue.in_domain(queries.domain)
        for which in np.unique(self.domains_[asked]).tolist():
            kept = self._read(queries, which, self.longest)
            ends = self._ends(partial(network, which=which - 1), kept, self._filler(which))
            found = ends @ network.table_of(which - 1).detach().numpy().T
            if queries.domain is None:
                chances = functional.log_softmax(torch.from_numpy(found), dim=1).numpy()
                found = chances + np.float32(np.log(max(self.shares_[which], _LEAST)))
            values[:, self.domains_ == which] = found
            known |= (kept.lengths > 0) & self.able_[which]
        return Scores(np.ascontiguousarray(values if codes is None else values[:, codes]), known)

    def _read(self, queries: Queries, which: int, longest: int) -> Sequences:
        """Return what was had in the source, and in one other domain, in the codes of that domain's network."""
        codes = np.full(len(self.domains_) + 1, -1, dtype=np.int32)  # the last is what is unknown
        kept = np.concatenate([np.flatnonzero(self.domains_ == one) for one in sorted({0, which})])
        codes[kept] = np.arange(len(kept))
        if not self.linked_[which]:  # nobody came from the source: what was had there says nothing here
            codes[:-1][self.domains_ == 0] = -1
        return sequences_of(dataclasses.replace(queries, items=codes[queries.items]), longest)

    def _filler(self, which: int) -> int:
        """Return the code behind the items that a domain's network knows."""
        return int(np.isin(self.domains_, (0, which)).sum())


def _places_to_learn(whole: Sequences, sources: int) -> NDArray[np.int64]:
    """Return Int64[N] places of each history that are learned from, 0 where no act of the added domain follows any."""
    follows = whole.items >= sources
    follows[whole.indptr[:-1][whole.lengths > 0]] = False
    rows = np.repeat(np.arange(len(whole.lengths)), whole.lengths)
    there = np.bincount(rows[follows], minlength=len(whole.lengths)) > 0
    return np.where(there, whole.lengths - 1, 0)


def _follows_the_source(whole: Sequences, sources: int) -> bool:
    """Did anybody do something in the added domain after something in the source?"""
    before = np.append(0, np.cumsum(whole.items < sources))
    starts = np.repeat(before[whole.indptr[:-1]], whole.lengths)
    return bool(((whole.items >= sources) & (before[:-1] > starts)).any())
