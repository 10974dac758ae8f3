"""Interactions for PyTorch: map-style data sets of rows and of users' sequences, for any DataLoader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossrec.core.errors import InvalidInput, MissingExtra, Refused
from crossrec.core.event import NO_TIME
from crossrec.core.interactions import Interactions

try:
    import torch
    from torch.utils.data import Dataset
except ModuleNotFoundError as error:
    raise MissingExtra(f"a PyTorch data set needs {error.name}: pip install 'crossrec[torch]'") from error

__all__ = ["InteractionsDataset", "Rows", "Sample", "SequencesDataset"]

Sample: TypeAlias = dict[str, torch.Tensor]
Rows: TypeAlias = int | Sequence[int] | NDArray[np.integer[Any]]
"""One place, or many: then the sample is a batch already (for a DataLoader with `batch_size=None`)."""


class InteractionsDataset(Dataset[Sample]):
    """One interaction a sample, in the order of the rows.

    A sample has `user`, `item`, `domain` and `kind` (int64 codes), `time` (int64, milliseconds UTC, `NO_TIME` where
    unknown), `position` (int64), `weight` and `rating` (float32, NaN where there is none). With a list of places
    it has [B] of each. `interactions.user_ids.decode(batch["user"].numpy())` gives the ids.

    Args:
        interactions: What it reads; the columns are shared, not copied, where the memory may be written to.
    """

    def __init__(self, interactions: Interactions) -> None:
        self.columns = {
            "user": _tensor(interactions.users),
            "item": _tensor(interactions.items),
            "domain": _tensor(interactions.domains),
            "kind": _tensor(interactions.kinds),
            "time": _tensor(interactions.times),
            "position": _tensor(interactions.positions),
            "weight": _tensor(interactions.weights),
            "rating": _tensor(interactions.ratings),
        }

    def __len__(self) -> int:
        return len(self.columns["user"])

    def __getitem__(self, index: Rows) -> Sample:
        place = _places(index, len(self))
        return {
            name: column[place] if column.dtype.is_floating_point else column[place].long()
            for name, column in self.columns.items()
        }


class SequencesDataset(Dataset[Sample]):
    """One user's latest interactions a sample, oldest first, padded on the left to one length.

    A sample has `user` (int64 code), `items` (int64[T] codes, `padding` where the history is shorter), `kinds`
    (int64[T], -1 at padding), `times` (int64[T], `NO_TIME` at padding and where unknown) and `mask` (bool[T], true
    at interactions). Users without a row are left out. With a list of places it has a first dimension [B].

    Args:
        interactions: What it reads; the order is time, then position.
        length: T >= 1; of a longer history the latest are kept.

    Attributes:
        padding: The code that is no item: the number of items, so that `Embedding(padding + 1, …,
            padding_idx=padding)` takes all codes unchanged.

    Raises:
        InvalidInput: The length is below 1.
        Refused: A domain has rows with neither a time nor an order.
    """

    def __init__(self, interactions: Interactions, length: int) -> None:
        if length < 1:
            raise InvalidInput(f"length: expected at least 1, got {length}")
        if names := interactions.unordered_domains():
            raise Refused(f"sequences need an order and these domains have none: {', '.join(names)}; leave them out")
        ordered = interactions.ordered()
        counts = np.bincount(ordered.users, minlength=len(interactions.user_ids))
        present = np.flatnonzero(counts)
        self.length = length
        self.padding = len(interactions.catalogue)
        self.users = torch.from_numpy(present)
        self.ends = torch.from_numpy(np.cumsum(counts)[present])
        self.counts = torch.from_numpy(counts[present])
        self.items, self.kinds, self.times = (
            _tensor(column) for column in (ordered.items, ordered.kinds, ordered.times)
        )

    def __len__(self) -> int:
        return len(self.users)

    def __getitem__(self, index: Rows) -> Sample:
        place = _places(index, len(self))
        back = torch.arange(self.length, 0, -1)
        mask = back <= self.counts[place].unsqueeze(-1)
        rows = torch.where(mask, self.ends[place].unsqueeze(-1) - back, 0)
        return {
            "user": self.users[place],
            "items": torch.where(mask, self.items[rows].long(), self.padding),
            "kinds": torch.where(mask, self.kinds[rows].long(), -1),
            "times": torch.where(mask, self.times[rows], NO_TIME),
            "mask": mask,
        }


def _tensor(column: NDArray[Any]) -> torch.Tensor:
    """Share a column's memory, or copy one that may not be written to, which PyTorch does not take."""
    return torch.from_numpy(np.require(column, requirements=["C", "W"]))


def _places(index: Rows, size: int) -> torch.Tensor:
    """Return places as int64, or end the iteration as a sequence does."""
    places = torch.as_tensor(index, dtype=torch.int64)
    if places.numel() and not -size <= int(places.min()) <= int(places.max()) < size:
        raise IndexError(f"index: expected places below {size}, got {index}")
    return torch.where(places < 0, places + size, places)
