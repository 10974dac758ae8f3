"""A transformer over items that were done one after another, which knows places by their distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Block", "Shape", "Transformer"]

_NEVER = -1e9
_SPREAD = 0.02


class Shape(TypedDict):
    """The settings of a `Transformer` that a model's settings are."""

    width: int
    blocks: int
    heads: int
    dropout: float
    longest: int


class Transformer(nn.Module):
    """Gives each place of a history a vector of what comes next, or of what belongs there.

    Attention adds a learned number for the distance between two places (Raffel et al. 2020, "T5", section 2.1, without
    its buckets), and nothing else tells places apart: a prefix of a history looks as if it were a whole one, so that
    all prefixes are learned from in one pass. Layers are normalised before they begin (pre-norm).

    Args:
        codes: Different codes that may come, the filler among them.
        width: Numbers of a vector.
        blocks: Layers of attention and feed-forward.
        heads: Of each attention; they share the width.
        dropout: Share of numbers that are left out while learning, in [0, 1).
        longest: Places of a history at most.
        causal: A place sees itself and those before; otherwise all.
        layer: Makes each of the blocks; None makes a `Block`.
    """

    def __init__(
        self,
        codes: int,
        *,
        width: int,
        blocks: int,
        heads: int,
        dropout: float,
        longest: int,
        causal: bool = True,
        layer: Callable[[], Block] | None = None,
    ) -> None:
        super().__init__()
        self.longest, self.causal = longest, causal
        self.table = nn.Embedding(codes, width)
        self.entry = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) if layer is None else layer() for _ in range(blocks))
        self.distances = nn.Parameter(torch.zeros(blocks, heads, longest if causal else 2 * longest - 1))
        self.last = nn.LayerNorm(width)
        for part in self.modules():
            if isinstance(part, (nn.Linear, nn.Embedding)):
                nn.init.normal_(part.weight, 0.0, _SPREAD)
            if isinstance(part, nn.Linear):
                nn.init.zeros_(part.bias)

    def forward(self, items: Tensor, lengths: Tensor) -> Tensor:
        """Return Float32[B, L, D].

        Args:
            items: Int64[B, L] codes, the first at place 0.
            lengths: Int64[B] places that are filled.
        """
        places = torch.arange(items.shape[1])
        apart = places[:, None] - places[None, :]
        outside = (apart < 0) if self.causal else torch.zeros_like(apart, dtype=torch.bool)
        hidden = outside | (places[None, None, :] >= lengths[:, None, None])  # [B, L, L]
        hidden = hidden & (apart != 0)  # a row of nothing but fillers must still add up to one
        which = apart.clamp(min=0) if self.causal else apart + self.longest - 1
        vectors = self.drop(self.entry(self.of_acts(items)))
        for number, block in enumerate(self.blocks):
            bias = self.distances[number][:, which].masked_fill(hidden[:, None], _NEVER)
            vectors = block(vectors, bias)
        found: Tensor = self.last(vectors)
        return found

    def of_acts(self, items: Tensor) -> Tensor:
        """Return Float32[B, L, D] what the layers get of Int64[B, L] codes."""
        found: Tensor = self.table(items)
        return found

    def against_items(self, ends: Tensor, items: int) -> Tensor:
        """Return Float32[B, I] scores of the first I codes for Float32[B, D] vectors at the ends of histories."""
        return ends @ self.table.weight[:items].T


class Block(nn.Module):
    """Attention, then two layers at each place.

    Args:
        width: Numbers of a vector.
        heads: Of the attention.
        dropout: Share of numbers that are left out while learning.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.before_attention, self.before_places = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asks, self.joins = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.places = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * width, width)
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, vectors: Tensor, bias: Tensor) -> Tensor:
        """Return Float32[B, L, D].

        Args:
            vectors: Float32[B, L, D].
            bias: Float32[B, H, L, L] added to the attention, very low where a place is not seen.
        """
        vectors = vectors + self.drop(self.mixed(self.before_attention(vectors), bias))
        deeper: Tensor = vectors + self.drop(self.places(self.before_places(vectors)))
        return deeper

    def mixed(self, vectors: Tensor, bias: Tensor) -> Tensor:
        """Return Float32[B, L, D] what each place takes from those that it sees."""
        batch, places, width = vectors.shape
        query, key, value = self.asks(vectors).view(batch, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=bias, dropout_p=self.dropout if self.training else 0.0
        )
        joined: Tensor = self.joins(found.transpose(1, 2).reshape(batch, places, width))
        return joined
