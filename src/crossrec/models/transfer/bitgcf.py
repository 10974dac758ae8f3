"""BiTGCF: a graph for each domain, and persons who carry over what they are in each step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from crossrec.core.arrays import Bools, Codes, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import block_labels
from crossrec.models.classic._factors import Products, Reach
from crossrec.models.classic._neighbours import strongest_term
from crossrec.models.classic._sparse import sum_of_rows
from crossrec.models.graph._item_graph import ItemGraph, Vectors, asked_for
from crossrec.models.ranking import Scorer
from crossrec.models.space import Range, Space
from crossrec.models.training.bags import Bags, bags_of, shuffled, sums_of
from crossrec.models.training.exam import held_out
from crossrec.models.training.export import Exported, of_history
from crossrec.models.training.trainer import Course
from crossrec.models.transfer._exchange import Answers, Exchange, apart, mixing

__all__ = ["BiTGCF"]

_COPIES = 3
"""Scores of a batch, their exponentials and their gradients."""


class _Batch(NamedTuple):
    """B persons, with what is left of their histories and what is asked for.

    Args:
        bags: B · D bags, domains innermost, with what each item adds.
        mix: Float32[B, D, D].
        asked: For each domain: Int64[N] which persons had anything there, and their items there, by place
            in the domain.
    """

    bags: Bags
    mix: Tensor
    asked: list[tuple[Tensor, Bags]]


@dataclass
class BiTGCF(ItemGraph):
    """Smooths the items of each domain over the persons who had them, who are in each step a mix of all their domains.

    A history is, in each domain, the sum of its items' vectors there; between the steps, and at the end, a person's
    vectors of all domains are mixed: by how much was had in each, and by `own`. An item is learned against the items
    of its own domain. Fitted on one domain it is `lightgcn`, to the bit.

    Args:
        factors: Numbers of a vector.
        layers: Steps on the graphs that reach the last vectors, >= 1.
        dropout: Share of a history left out while learning, in [0, 1).
        negatives: Items drawn in each domain for the softmax of a batch; 0 takes all.
        epochs: Rounds over the persons at most.
        batch_size: Persons learned from together; each batch costs all steps on the graphs.
        learning_rate: Of Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops.
        seed: Fixes the start and all that is drawn.
        own: What a domain's own vector counts in the half of the mix that numbers do not decide, in [0, 1].
        hidden: Share of the persons of whom a domain is left out whole while learning, anew in each epoch, in [0, 1]:
            so persons are learned who are new to a domain. 0 learns as published.

    Source: Liu et al. 2020, "Cross domain recommendation via bi-directional transfer graph collaborative filtering
    networks" (CIKM), sections 3.2 and 3.3, for any number of domains. Departs where `lightgcn` does from its paper: no
    person has vectors of their own, so that a stranger is served like everyone else, steps have no product of user and
    item, and the loss is a softmax where the paper has a cross-entropy with drawn negatives.
    """

    space: ClassVar[Space] = {
        "factors": Range(32, 256, log=True, whole=True),
        "layers": Range(1, 5, whole=True),
        "dropout": Range(0, 0.8),
        "learning_rate": Range(1e-3, 0.03, log=True),
        "batch_size": Range(256, 4096, log=True, whole=True),
        "own": Range(0, 1),
        "hidden": Range(0, 1),
    }
    own: float = 0.8
    hidden: float = 0.5

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> BiTGCF:
        """Learn the vectors of items.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did anything.
        """
        self._check_settings()
        if not (0 <= self.own <= 1 and 0 <= self.hidden <= 1):
            raise InvalidInput(f"BiTGCF: expected own and hidden in [0, 1], got {self.own} and {self.hidden}")
        present = np.unique(train.catalogue.domains)
        self.domains_ = np.searchsorted(present, train.catalogue.domains).astype(np.int32)
        part, exam = held_out(train, validation, seed=self.seed)
        seen = part.csr()
        if not seen.nnz:
            raise InvalidInput("BiTGCF learns from histories, and nobody in the data did anything")
        graphs = self._exchange(seen)
        self.taught(
            part,
            exam,
            Course(self.epochs, self.learning_rate, patience=self.patience, seed=self.seed),
            loss=lambda network, batch: self._lost(network.weight, graphs, batch),
            batches=lambda epoch: self._batches_apart(seen, graphs.graph.item_scale, epoch),
            scorer=lambda network: self._scorer(self._after_exchange(network.weight, graphs)),
            all_of_it=train,
            batch_bytes=_COPIES * 4 * min(self.batch_size, len(train.user_ids)) * len(train.catalogue),
        )
        everything = train.csr()
        self.weights_ = self._after_exchange(torch.from_numpy(self.weights_["weight"]), self._exchange(everything))
        self.blocks_ = block_labels(everything)
        return self

    def products(self, queries: Queries) -> Products:
        """Mix each history's vectors for each domain; see `FromProducts`."""
        rows = queries.csr()
        parts = self.domains_
        if queries.domain is not None:
            parts = np.where(queries.catalogue.in_domain(queries.domain), parts, np.int32(-1))
        vectors, known = self._persons(rows, self.weights_["sources"]), np.diff(rows.indptr) > 0
        return Products(vectors, self.weights_["targets"], known, parts=parts, reach=Reach(rows, self.blocks_))

    def exported(self) -> Exported:
        """Return the vectors with one input: the history, 1 for each item that was had."""
        found = Answers(self.weights_["sources"], self.weights_["targets"], self.domains_, self.blocks_, self.own)
        return of_history(found, len(self.catalogue_))

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item that added most to each score; see `Explains`."""
        sources, targets = self.weights_["sources"], self.weights_["targets"]

        def terms(past: Codes, shown: Codes) -> Floats:
            counts = np.bincount(self.domains_[past], minlength=self._size).astype(np.float32)
            mix = mixing(torch.from_numpy(counts[None]), self.own)[0].numpy() / np.sqrt(np.maximum(counts, 1))
            weight = mix[self.domains_[shown]][:, self.domains_[past]].T
            found: Floats = (sources[past] @ targets[shown].T) * weight
            return found

        return strongest_term(self.aligned(queries), items, terms)

    @property
    def _size(self) -> int:
        """Return the number of domains that have items."""
        return int(self.domains_.max()) + 1

    def _exchange(self, seen: sp.csr_array) -> Exchange:
        return Exchange.of(seen, self.domains_, self._size, self.own)

    def _walked(self, table: Tensor, graphs: Exchange) -> Vectors:
        """Return the means of the items' layers that persons of the last layer come from, and of all of theirs."""
        steps = [table]
        for _ in range(self.layers // 2):
            steps.append(graphs.items_from(steps[-1]))
        return Vectors(torch.stack(steps[: (self.layers + 1) // 2]).mean(dim=0), torch.stack(steps).mean(dim=0))

    def _after_exchange(self, table: Tensor, graphs: Exchange) -> dict[str, Floats]:
        """Return the vectors after the steps as arrays, those of sources over the roots of the items' sizes."""
        with torch.inference_mode():
            found = self._walked(table, graphs)
        sources = found.sources.numpy() * graphs.graph.item_scale[:, None]
        return {"sources": sources, "targets": found.targets.numpy().copy()}

    def _lost(self, table: Tensor, graphs: Exchange, batch: _Batch) -> Tensor:
        """Return the loss of a batch, each act weighing alike."""
        found = self._walked(table, graphs)
        persons = batch.mix @ sums_of(batch.bags, found.sources).view(*batch.mix.shape[:2], -1)
        acts = sum(len(bags.items) for _, bags in batch.asked)
        total = table.new_zeros(())
        for domain, (rows, bags) in enumerate(batch.asked):
            if len(rows):
                here = found.targets[torch.from_numpy(np.flatnonzero(self.domains_ == domain))]
                lost = asked_for(persons[rows, domain], here, bags, self.negatives)
                total = total + lost * (len(bags.items) / acts)
        return total

    def _batches_apart(self, seen: sp.csr_array, scale: Floats, epoch: int) -> Iterator[_Batch]:
        """Give histories of which a part is left out, anew in each epoch, domain by domain.

        One of which nothing would be left stays whole.
        """
        chance = random(self.seed * 100_003 + epoch + 1_000_000)
        persons, columns = np.flatnonzero(np.diff(seen.indptr)), np.zeros(len(self.domains_), dtype=np.int32)
        for domain in range(self._size):
            columns[self.domains_ == domain] = np.arange((self.domains_ == domain).sum())
        for rows in shuffled(persons, self.batch_size, seed=self.seed, epoch=epoch):
            part = sp.csr_array(seen[rows])
            sizes = np.diff(part.indptr)
            kept = chance.random(part.nnz) >= self.dropout
            kept &= self._stays(part, chance)
            kept |= np.repeat(np.add.reduceat(kept, part.indptr[:-1]) == 0, sizes)
            part.data = kept.astype(np.float32)
            split = apart(part, self.domains_, self._size)
            places = np.repeat(np.arange(split.shape[0]), np.diff(split.indptr))
            left = np.bincount(places, split.data, minlength=split.shape[0]).astype(np.float32)
            split.data = split.data * scale[split.indices] * np.maximum(left, 1)[places] ** -0.5
            mix = mixing(torch.from_numpy(left.reshape(-1, self._size)), self.own)
            yield _Batch(bags_of(split), mix, [self._asked_in(split, columns, one) for one in range(self._size)])

    def _stays(self, part: sp.csr_array, chance: np.random.Generator) -> Bools:
        """Say which cells are not of a domain that is hidden whole: so newcomers to a domain are learned too."""
        if self._size == 1:
            return np.ones(part.nnz, dtype=np.bool_)
        hidden = np.where(chance.random(part.shape[0]) < self.hidden, chance.integers(0, self._size, part.shape[0]), -1)
        stays: Bools = np.repeat(hidden, np.diff(part.indptr)) != self.domains_[part.indices]
        return stays

    def _asked_in(self, split: sp.csr_array, columns: Codes, domain: int) -> tuple[Tensor, Bags]:
        """Return which persons of a batch had anything in a domain, and their items there."""
        inside = sp.csr_array(split[domain :: self._size])
        rows = np.flatnonzero(np.diff(inside.indptr))
        mine = sp.csr_array(inside[rows])
        mine.indices = columns[mine.indices]
        return torch.from_numpy(rows), bags_of(mine)

    def _persons(self, rows: sp.csr_array, sources: Floats) -> Floats:
        """Return Float32[D, B, F], the vectors of whole histories in each domain."""
        split = apart(rows, self.domains_, self._size)
        counts = np.diff(split.indptr).astype(np.float32)
        sums = sum_of_rows(split, sources) * np.maximum(counts, 1)[:, None] ** -0.5
        mix = mixing(torch.from_numpy(counts.reshape(-1, self._size)), self.own).numpy()
        found: Floats = np.einsum("bde,bef->dbf", mix, sums.reshape(len(mix), self._size, -1))
        return np.ascontiguousarray(found)

    def _scorer(self, weights: dict[str, Floats]) -> Scorer:
        """Return the scores of vectors that are still learned."""

        def score(queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:  # noqa: ARG001 - all are asked
            rows = queries.csr()
            persons, values = self._persons(rows, weights["sources"]), np.zeros(rows.shape, dtype=np.float32)
            for domain, vectors in enumerate(persons):
                here = self.domains_ == domain
                values[:, here] = vectors @ weights["targets"][here].T
            return Scores(values, np.diff(rows.indptr) > 0)

        return score
