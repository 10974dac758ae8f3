"""DomainSASRec: self-attention over one history of all domains, asked for one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from crossrec.core.arrays import Codes
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.models.sequence._prefixes import EveryPrefix
from crossrec.models.sequence._sequences import sequences_of
from crossrec.models.transfer._domain_transformer import DomainTransformer

__all__ = ["DomainSASRec"]


@dataclass
class DomainSASRec(EveryPrefix):
    """Predicts the next item from all before it in any domain, among the items of the next act's own domain.

    One history over all domains is read in the order of time; each act's vector is its item's and its domain's token.
    What stands at the end is shared; each domain turns it in its own way before it is compared with that domain's
    items. An item is learned against the items of its own domain alone, so that a large domain neither drowns a small
    one nor is pushed away by it. Asked for a domain, that domain's reading answers; asked for all, each item's
    probability within its domain counts by the probability that the next act is there. Fitted on one domain it is
    `sasrec`, to the bit.

    Args:
        width: Numbers of a vector.
        blocks: Layers of attention.
        heads: Of each layer; they share the width.
        dropout: Share of numbers left out while learning, in [0, 1).
        longest: Newest items of a history that count, those of all domains together.
        loss: "softmax" over all items of the domain, "sampled" over some drawn for a batch, "gbce" with some drawn for
            each target.
        negatives: Items drawn in each domain for "sampled" and "gbce".
        epochs: Rounds over the data at most.
        batch_size: Histories learned from together, on average; all batches hold about as many items.
        learning_rate: Of Adam.
        weight_decay: Of AdamW; 0 is Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops.
        average: Weights are a running mean over about 1 / (1 - average) batches, in [0, 1); 0 takes the last.
        seed: Fixes the start and all that is drawn.

    Source: Kang & McAuley 2018 (arXiv 1808.09781), departing where `sasrec` does, with the one history of Ma et al.
    2019 (arXiv 1905.10760, "π-net") for all domains. Tokens, turns and the mask of the target domain are this model's.
    """

    def form(self, items: int) -> nn.Module:
        """Return the untrained network: code I stands behind the end. For one domain it is that of `sasrec`."""
        if not self.domains_.any():
            return super().form(items)
        return DomainTransformer(self.domains_, **self.shape)

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> DomainSASRec:
        """Learn from the order of each person's items in all domains.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did two things.
            NotFound: No such loss.
        """
        present = np.unique(train.catalogue.domains)
        self.domains_ = np.searchsorted(present, train.catalogue.domains).astype(np.int32)
        fitted: DomainSASRec = self.from_prefixes(train, validation)
        return fitted

    def require_room(self, items: int, batch_bytes: float) -> None:
        """Refuse a training that would not fit; a domain's items are taken out of the table to learn from.

        Raises:
            OutOfBudget: It would not fit in the memory there is.
        """
        super().require_room(items, batch_bytes + 8.0 * self.width * items)

    def loss_of(self, network: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the loss of all places of a batch, each among the items of its own domain, and that of the head."""
        if not isinstance(network, DomainTransformer):
            return super().loss_of(network, batch)
        items, targets = batch
        here = targets >= 0
        vectors, wanted = network(items, here.sum(1))[here], targets[here]
        domains = network.of[wanted]
        total = functional.cross_entropy(network.head(vectors.detach()), domains)
        for domain in np.unique(domains.numpy()).tolist():
            mine = domains == domain
            towards = network.towards(vectors[mine], domain)
            loss = self.loss_among(towards, network.place[wanted[mine]], network.table_of(domain))
            total = total + loss * (len(towards) / len(wanted))
        return total

    def _scored(self, network: Any, queries: Queries, codes: Codes | None) -> Scores:
        """Return the scores of a network: of the domain that is asked for, 0 elsewhere; or of all."""
        if not isinstance(network, DomainTransformer):
            return super()._scored(network, queries, codes)
        items = len(queries.catalogue)
        kept = sequences_of(queries, self.longest)
        ends = torch.from_numpy(self._ends(network, kept, items))
        with torch.inference_mode():
            if queries.domain is None:
                values = network.against_items(ends, items).numpy()
            else:
                values = np.zeros((len(ends), items), dtype=np.float32)
                inside = queries.catalogue.in_domain(queries.domain)
                for domain in np.unique(self.domains_[inside]).tolist():
                    values[:, inside] = network.within(ends, domain).numpy()
        chosen = values if codes is None else values[:, codes]
        return Scores(np.ascontiguousarray(chosen), kept.lengths > 0)
