"""Weights of a network as arrays, as a model keeps and saves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

__all__ = ["Weights", "filled", "seeded", "weights_of"]

Weights = Mapping[str, NDArray[Any]]
Network = TypeVar("Network", bound=nn.Module)


def weights_of(network: nn.Module) -> dict[str, NDArray[Any]]:
    """Return the parameters and buffers of a network as arrays of their own."""
    return {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}


def filled(network: Network, weights: Weights) -> Network:
    """Put weights into a network of the same form and make it ready to answer."""
    state = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in weights.items()}
    network.load_state_dict(state)
    return network.eval().requires_grad_(requires_grad=False)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let torch draw from a seed within the block, and go on as before after it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
