"""MultiTask: chances of several kinds of events in several domains, by experts behind gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from crossrec.core.arrays import Bools, Codes, Doubles, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.event import KIND_CODES, KINDS, check_kind, is_taste
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.core.vocabulary import Id
from crossrec.models.ranking import Scorer
from crossrec.models.space import Choice, Range, Space, refuse_outside
from crossrec.models.training.exam import past_and_held
from crossrec.models.training.export import Exported
from crossrec.models.training.network import FromNetwork
from crossrec.models.training.trainer import Course
from crossrec.models.transfer._acts import Pairs, bags_by_kind, pairs_of
from crossrec.models.transfer._asking import Batch, batches_of, examined, held_persons
from crossrec.models.transfer._experts import NEVER, PAIRS, Asked, Experts, chained
from crossrec.models.transfer._platt import calibrated
from crossrec.models.transfer._questions import questions_of
from crossrec.models.transfer._tasks import Tasks, counts_of, main_kinds, offsets_of, tasks_of

__all__ = ["MultiTask"]

_COPIES = 4
"""Tensors of a batch that are as wide as all experts together."""


@dataclass
class MultiTask(FromNetwork):
    """Foretells each kind of event (view, purchase, …) in each domain, and ranks by the one that matters most.

    A task is a kind in a domain. What enters is what somebody had, summed up for each kind of act over all domains, and
    the item; experts are shared by all tasks or belong to one, and a gate of each task weighs both. Where the data say
    what was `shown`, a chance is that of the kind when the item is shown. Elsewhere it is the chance of any act with
    the item, learned against items drawn and put right for how few were drawn, times that of the kind where there is
    an act. Each of these is calibrated on the validation part, or on a twentieth of the persons, who are held out where
    there are 1,000 or more (see `chances`). Only items that the person has not had are asked about.

    Args:
        main: The kind to rank by; empty takes in each domain the most valuable (purchase, add_to_cart, rate, …, view)
            that at least a hundredth of what was had there has.
        width: Numbers of a vector.
        narrow: Numbers that leave an expert.
        shared: Experts that all tasks share in each level, >= 1.
        private: Experts of each task in each level; 0 is MMoE, more is PLE.
        levels: Of experts, >= 1.
        dropout: Share of the numbers that enter left out while learning, in [0, 1).
        negatives: Items drawn for each act where it is not known what was shown, >= 1.
        epochs: Rounds over the persons at most.
        batch_size: Persons learned from together, on average.
        learning_rate: Of Adam.
        patience: Epochs without a better NDCG@10 of the ranking, before it stops.
        seed: Fixes the start and all that is drawn.

    Source: Tang et al. 2020, "Progressive layered extraction", sections 4.1 to 4.3, with the loss of 4.3 (each task's
    mean over what it is asked about); with `private=0` and one level Ma et al. 2018, "Modeling task relationships in
    multi-task learning with multi-gate mixture-of-experts". The product of chances is that of Ma et al. 2018b (arXiv
    1804.07931, "ESMM"). Departs in what enters: no user table and no features, so a stranger is served like everyone.
    """

    space: ClassVar[Space] = {
        "width": Range(16, 128, log=True, whole=True),
        "narrow": Range(8, 64, log=True, whole=True),
        "private": Choice((0, 1, 2)),
        "shared": Range(1, 4, whole=True),
        "dropout": Range(0, 0.6),
        "negatives": Range(2, 16, whole=True),
        "learning_rate": Range(5e-4, 2e-2, log=True),
    }
    small: ClassVar[Mapping[str, Any]] = {
        "width": 16,
        "narrow": 16,
        "epochs": 60,
        "batch_size": 8,
        "learning_rate": 0.01,
        "dropout": 0.0,
    }
    main: str = ""
    width: int = 64
    narrow: int = 32
    shared: int = 2
    private: int = 1
    levels: int = 1
    dropout: float = 0.2
    negatives: int = 4
    epochs: int = 40
    batch_size: int = 128
    learning_rate: float = 3e-3
    patience: int = 5
    seed: int = 0

    @property
    def tasks(self) -> list[tuple[str, str]]:
        """Domain and kind of each chance that is known."""
        names = self.catalogue_.domain_names
        return [(names[one], KINDS[self.kinds_[place]]) for one, place in np.argwhere(self.had_).tolist()]

    def form(self, items: int) -> Experts:
        """Return the untrained network."""
        return Experts(
            items,
            len(self.kinds_),
            len(self.tasks_),
            width=self.width,
            narrow=self.narrow,
            shared=self.shared,
            private=self.private,
            levels=self.levels,
            dropout=self.dropout,
        )

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> MultiTask:
        """Learn all tasks together, and then the calibration of each.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did anything, or nothing of the main kind.
        """
        self._check_settings()
        given = validation is not None and len(validation) > 0
        part, exam = (train, validation) if given else held_persons(train, self.seed)
        self.kinds_ = np.unique(part.kinds[is_taste(part.kinds)])
        pairs, domains = pairs_of(part, self.kinds_), train.catalogue.domains.astype(np.int64)
        if not pairs.acts.any():
            raise InvalidInput("MultiTask learns from what persons did, and nobody in the data did anything")
        tasks = self._keep_tasks(pairs, domains, len(train.catalogue.domain_ids))
        self.taught(
            part,
            examined(exam, len(train.catalogue), self.seed),
            Course(self.epochs, self.learning_rate, patience=self.patience, seed=self.seed),
            loss=_lost,
            batches=lambda epoch: batches_of(
                pairs,
                tasks,
                domains,
                size=self.batch_size,
                negatives=self.negatives,
                seed=self.seed,
                epoch=epoch,
            ),
            scorer=self._scorer,
            all_of_it=train,
            batch_bytes=self._batch_bytes(pairs),
        )
        if exam is not None:
            asked = questions_of(*past_and_held(part, exam), self.catalogue_, self.kinds_, tasks, seed=self.seed)
            if asked is not None:
                self.scales_: Doubles = calibrated(self.network, asked, self.scales_)
        return self

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Return the logarithms of the chances of the main kind; of the domain that is asked for alone, 0 elsewhere."""
        return self._scored(self.network, self.aligned(queries), self.candidate_codes(candidates))

    def chances(self, queries: Queries, items: Codes, kind: str = "") -> Floats:
        """Return the calibrated chance of an event with one item for each query; see `Foretells`.

        Raises:
            NotFitted: Before `fit` or `load`.
            InvalidInput: No such kind, or nobody had it in the domain of an item.
        """
        mine = self.aligned(queries)
        known = np.flatnonzero(items >= 0)
        domains = self.catalogue_.domains[items[known]]
        found = np.full(len(items), np.nan, dtype=np.float32)
        vectors, sizes = self._histories(self.network, mine)
        for domain in np.unique(domains).tolist():
            here = known[domains == domain]
            chain = self._tasks.chain(domain, self._place(domain, kind))
            asked = torch.from_numpy(items[here].astype(np.int64))
            told = self._told(self.network, (vectors[here], sizes[here], self.network.shown(asked)[:, None]), chain)
            found[here] = np.exp(told)
        return found

    def exported(self) -> Exported:
        """Return the network from `acts`, 1 for each kind of act with each item and 0 elsewhere, to scores."""
        kinds, items = len(self.kinds_), len(self.catalogue_)
        domains = [np.flatnonzero(self.catalogue_.domains == one) for one in range(len(self.main_))]
        chains = [self._tasks.chain(one, int(place)) if place >= 0 else [] for one, place in enumerate(self.main_)]
        asked = Asked(self.network, domains, chains, self.scales_)
        names = ",".join(KINDS[kind] for kind in self.kinds_)
        free = {"acts": {0: ("batch", None)}}
        return Exported(asked, {"acts": torch.ones((2, kinds, items))}, free, {"kinds": names})

    @property
    def _tasks(self) -> Tasks:
        return Tasks(self.tasks_[:, 0], self.tasks_[:, 1], self.shown_)

    def _check_settings(self) -> None:
        """Refuse settings out of their range."""
        counted = ("width", "narrow", "shared", "levels", "negatives", "batch_size")
        refuse_outside(self, least={**dict.fromkeys(counted, 1), "private": 0})
        if self.main:
            check_kind(self.main)

    def _keep_tasks(self, pairs: Pairs, domains: NDArray[np.int64], size: int) -> Tasks:
        """Keep what there is to foretell in each domain, what is ranked by, and how far drawn items stand for all."""
        tasks, counts = tasks_of(pairs, domains, size), counts_of(pairs, domains, size)
        self.tasks_, self.shown_ = np.stack([tasks.domains, tasks.kinds], axis=1), tasks.shown
        self.had_, self.usual_ = counts[:, :-1] > 0, int(self.kinds_[counts[:, :-1].sum(axis=0).argmax()])
        self.main_ = main_kinds(counts, self.kinds_, self.main)
        if self.main and self.main not in {KINDS[self.kinds_[place]] for place in self.main_ if place >= 0}:
            raise InvalidInput(
                f"MultiTask: expected a main kind that somebody had, got '{self.main}', which nobody had"
            )
        offsets = offsets_of(pairs, tasks, domains, self.negatives)
        self.scales_ = np.stack([np.ones(len(offsets)), offsets], axis=1)
        return tasks

    def _batch_bytes(self, pairs: Pairs) -> float:
        """Return what the largest batch takes."""
        counts = np.bincount(pairs.users)
        most = max(float(counts.max()), self.batch_size * float(counts[counts > 0].mean())) * (1 + self.negatives)
        experts = self.levels * (self.shared + self.private * len(self.tasks_)) * self.narrow
        return _COPIES * 4 * most * (experts + 4 * self.width + len(self.tasks_) * self.narrow)

    def _place(self, domain: int, kind: str) -> int:
        """Return the place of a kind, which somebody had in the domain; empty is the main one."""
        code = KIND_CODES[check_kind(kind)] if kind else -1
        place = int(np.searchsorted(self.kinds_, code)) if kind else int(self.main_[domain])
        there = 0 <= place < len(self.kinds_) and self.had_[domain, place] and (not kind or self.kinds_[place] == code)
        if not there:
            known = [name for one, name in self.tasks if one == self.catalogue_.domain_names[domain]]
            raise InvalidInput(
                f"MultiTask: nobody had '{kind or 'any event'}' in '{self.catalogue_.domain_names[domain]}'; there are "
                f"{', '.join(known) or 'none'}"
            )
        return place

    def _histories(self, network: Experts, queries: Queries) -> tuple[Tensor, Tensor]:
        """Return vectors and sizes of histories; an act of a kind that is not known counts as the usual one."""
        keep = is_taste(queries.kinds) & (queries.items >= 0)
        known = np.isin(queries.kinds[keep], self.kinds_)
        kinds = np.where(known, queries.kinds[keep], self.usual_)
        acts: Bools = kinds[:, None] == self.kinds_
        shape = (len(queries), len(queries.catalogue))
        with torch.inference_mode():
            return network.histories(
                bags_by_kind(queries.rows[keep], queries.items[keep].astype(np.int64), acts, shape)
            )

    def _told(self, network: Experts, pairs: tuple[Tensor, Tensor, Tensor], chain: list[int]) -> Floats:
        """Return Float32[N] logarithms of the product of calibrated chances of vectors, sizes and items."""
        with torch.inference_mode():
            return chained(network(*pairs, chain), chain, self.scales_).numpy()

    def _scorer(self, network: Experts) -> Scorer:
        """Return the scores of a network that is still learning."""

        def score(queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:  # noqa: ARG001 - all are asked
            return self._scored(network, queries, None)

        return score

    def _scored(self, network: Experts, queries: Queries, codes: Codes | None) -> Scores:
        """Return the scores of a network for queries on its own codes, domain by domain."""
        codes = np.arange(len(queries.catalogue), dtype=np.int32) if codes is None else codes
        domains = queries.catalogue.domains[codes]
        values = np.zeros((len(queries), len(codes)), dtype=np.float32)
        asked = slice(None) if queries.domain is None else queries.catalogue.in_domain(queries.domain)
        mine, sizes = self._histories(network, queries)
        for domain in np.unique(queries.catalogue.domains[asked]).tolist():
            here, place = np.flatnonzero(domains == domain), int(self.main_[domain])
            if place < 0 or not len(here):
                values[:, here] = NEVER
                continue
            shown, chain = (
                network.shown.weight[torch.from_numpy(codes[here].astype(np.int64))],
                self._tasks.chain(domain, place),
            )
            step = max(1, PAIRS // len(here))
            for start in range(0, len(queries), step):
                rows = slice(start, start + step)
                values[rows, here] = self._told(network, (mine[rows], sizes[rows], shown[None]), chain).reshape(
                    -1, len(here)
                )
        return Scores(values, np.diff(queries.csr().indptr) > 0)


def _lost(network: Experts, batch: Batch) -> Tensor:
    """Return the sum over tasks of each one's mean cross-entropy over the pairs that it is asked about."""
    mine, sizes = network.histories(batch.bags)
    told = network(mine[batch.rows], sizes[batch.rows], network.shown(batch.items)[:, None], list(range(network.tasks)))
    lost = functional.binary_cross_entropy_with_logits(told, batch.came, reduction="none") * batch.asked
    return (lost.sum(dim=0) / batch.asked.sum(dim=0).clamp(min=1)).sum()
