"""A running mean of a network's weights, which is better than the last of them and moves less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Mean"]

_HEAD_START = 10
"""The mean over n batches so far weighs a new one by 9 / (n + 9) at least, until that is less than 1 - average."""


class Mean:
    """Follows a network while it learns.

    Args:
        network: What learns.
        average: Share of the mean that a batch leaves as it is, in [0, 1); 0 is the network itself.
    """

    def __init__(self, network: nn.Module, average: float) -> None:
        self._network, self._average, self._steps = network, average, 0
        self._kept: dict[str, Tensor] = {}
        if average:
            self._kept = {name: part.detach().clone() for name, part in network.state_dict().items()}

    @property
    def weights(self) -> dict[str, Tensor]:
        """The mean of all parameters and buffers, not a copy."""
        return self._kept or dict(self._network.state_dict())

    def follow(self) -> None:
        """Take in the weights after a batch; what is no fraction (a counter) is taken as it is."""
        if not self._kept:
            return
        self._steps += 1
        share = 1 - min(self._average, self._steps / (self._steps + _HEAD_START - 1))
        for name, part in self._network.state_dict().items():
            if part.is_floating_point():
                self._kept[name].lerp_(part, share)
            else:
                self._kept[name].copy_(part)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the mean within the block, and its own weights again after it."""
        if not self._kept:
            yield
            return
        own = {name: part.clone() for name, part in self._network.state_dict().items()}
        self._network.load_state_dict(self._kept)
        try:
            yield
        finally:
            with torch.no_grad():
                self._network.load_state_dict(own)

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps; set it to go on from there."""
        return {"steps": self._steps, "weights": self._kept}

    @state.setter
    def state(self, state: Mapping[str, Any]) -> None:
        self._steps, self._kept = state["steps"], dict(state["weights"])
