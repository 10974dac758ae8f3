"""A transformer over the acts of several domains: what all share, and what is each one's own."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from crossrec.models.sequence._transformer import Shape, Transformer

__all__ = ["DomainTransformer"]

_SPREAD = 0.02


class DomainTransformer(Transformer):
    """Reads one history over all domains, and turns what it found towards the domain that is asked.

    Shared are the table of items, the layers, and the vector at the end. A domain's own are a token, which is added to
    the vectors of its acts, and a turn and an offset of the vector at the end, which are 0 before anything is learned.
    A head foretells the domain of the next act; it reads the vector and moves nothing else.

    Args:
        domains: Int[I] domain of each item, in [0, K), each of which has items.
        shape: As of a `Transformer`.
    """

    of: Tensor
    place: Tensor
    order: Tensor
    back: Tensor

    def __init__(self, domains: NDArray[np.integer[Any]], **shape: Unpack[Shape]) -> None:
        super().__init__(len(domains) + 1, **shape)
        size, width = int(domains.max()) + 1, self.table.embedding_dim
        self.tokens = nn.Embedding(size, width)
        nn.init.normal_(self.tokens.weight, 0.0, _SPREAD)
        self.turns = nn.Parameter(torch.zeros(size, width, width))
        self.offsets = nn.Parameter(torch.zeros(size, width))
        self.head = nn.Linear(width, size)
        order = np.argsort(domains, kind="stable")
        back, starts = np.argsort(order), np.searchsorted(domains[order], np.arange(size))
        self.ends = np.append(starts, len(domains)).tolist()
        kept = {"of": np.append(domains, 0), "place": back - starts[domains], "order": order, "back": back}
        for name, values in kept.items():
            self.register_buffer(name, torch.from_numpy(values.astype(np.int64)), persistent=False)

    def of_acts(self, items: Tensor) -> Tensor:
        """Return Float32[B, L, D], the vectors of items with the tokens of their domains."""
        found: Tensor = self.table(items) + self.tokens(self.of[items])
        return found

    def towards(self, ends: Tensor, domain: int) -> Tensor:
        """Return Float32[B, D], the vectors at the ends as one domain reads them."""
        return ends + ends @ self.turns[domain] + self.offsets[domain]

    def table_of(self, domain: int) -> Tensor:
        """Return Float32[J, D], the vectors of a domain's items in the order of their codes."""
        return self.table.weight[self.order[self.ends[domain] : self.ends[domain + 1]]]

    def within(self, ends: Tensor, domain: int) -> Tensor:
        """Return Float32[B, J], the logarithms of the probabilities of a domain's items if the next act is there."""
        return functional.log_softmax(self.towards(ends, domain) @ self.table_of(domain).T, dim=1)

    def against_items(self, ends: Tensor, items: int) -> Tensor:
        """Return Float32[B, I], the logarithms of the probabilities of all items."""
        domains = functional.log_softmax(self.head(ends), dim=1)
        parts = [self.within(ends, domain) + domains[:, domain, None] for domain in range(len(self.ends) - 1)]
        return torch.cat(parts, dim=1)[:, self.back[:items]]
