"""PyTorch data sets: every row once, in order, through a DataLoader with workers; ids come back."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import polars as pl
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from crossrec.core.errors import InvalidInput, MissingExtra, Refused
from crossrec.core.event import NO_TIME
from crossrec.core.interactions import Interactions
from crossrec.data.torch_dataset import InteractionsDataset, SequencesDataset


def made(rows: int = 50) -> Interactions:
    """Rows of seven users over two domains, with gaps in ratings and in times."""
    place = np.arange(rows)
    return Interactions.from_frame(
        pl.DataFrame(
            {
                "user_id": [f"user {number % 7}" for number in place],
                "item_id": [f"a:{number % 11}" for number in place],
                "domain": ["films" if number % 11 < 5 else "books" for number in place],
                "rating": [None if number % 3 else float(number % 5) for number in place],
                "timestamp": [1_600_000_000_000 + int(number * 37 % rows) for number in place],
            }
        )
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_gives_every_row_once_with_its_ids(workers: int) -> None:
    data = made()
    loader = DataLoader(
        InteractionsDataset(data),
        batch_size=8,
        num_workers=workers,
        multiprocessing_context="spawn" if workers else None,
    )
    batches = list(loader)
    whole = {name: torch.cat([batch[name] for batch in batches]) for name in batches[0]}
    assert {name: column.dtype for name, column in whole.items() if column.dtype != torch.int64} == {
        "weight": torch.float32,
        "rating": torch.float32,
    }
    frame = data.to_polars()
    assert data.user_ids.decode(whole["user"].numpy()) == frame["user_id"].to_list()
    assert data.item_ids.decode(whole["item"].numpy()) == [
        f"{domain}:{item.replace(':', '%3A')}" for domain, item in frame.select("domain", "item_id").rows()
    ]
    np.testing.assert_array_equal(whole["time"].numpy(), data.times)
    np.testing.assert_array_equal(whole["rating"].numpy(), data.ratings)
    np.testing.assert_array_equal(whole["domain"].numpy(), data.domains)


def test_a_list_of_places_is_a_batch_equal_to_the_collated_one() -> None:
    rows = InteractionsDataset(made())
    whole = DataLoader(rows, batch_size=None, sampler=BatchSampler(SequentialSampler(rows), 8, drop_last=False))
    for fast, slow in zip(whole, DataLoader(rows, batch_size=8), strict=True):
        for name in slow:
            torch.testing.assert_close(fast[name], slow[name], equal_nan=True)


def test_places_outside_end_the_iteration() -> None:
    rows = InteractionsDataset(made(3))
    assert len(rows) == 3 and len(list(rows)) == 3 and rows[-1]["position"] == 2
    with pytest.raises(IndexError, match="below 3"):
        rows[3]


@pytest.mark.parametrize(("length", "workers"), [(1, 0), (4, 2), (20, 0)])
def test_sequences_are_the_latest_items_in_order(length: int, workers: int) -> None:
    data = made()
    sequences = SequencesDataset(data, length)
    loader = DataLoader(
        sequences, batch_size=3, num_workers=workers, multiprocessing_context="spawn" if workers else None
    )
    seen = []
    for batch in loader:
        for user, items, times, mask in zip(batch["user"], batch["items"], batch["times"], batch["mask"], strict=True):
            rows = np.flatnonzero(data.users == user.item())
            rows = rows[np.lexsort((data.positions[rows], data.times[rows]))][-length:]
            assert items[mask].tolist() == data.items[rows].tolist()
            assert times[mask].tolist() == data.times[rows].tolist()
            assert set(items[~mask].tolist()) <= {sequences.padding} and set(times[~mask].tolist()) <= {NO_TIME}
            assert mask.tolist() == [False] * (length - len(rows)) + [True] * len(rows), "padding stands on the left"
            seen.append(user.item())
    assert seen == list(range(7)) and sequences.padding == len(data.item_ids)


def test_an_embedding_takes_all_codes_and_batches_of_places_agree() -> None:
    sequences = SequencesDataset(made(5), 3)
    table = torch.nn.Embedding(sequences.padding + 1, 2, padding_idx=sequences.padding)
    batch = sequences[list(range(len(sequences)))]
    assert table(batch["items"]).shape == (len(sequences), 3, 2)
    for place in range(len(sequences)):
        for name, column in sequences[place].items():
            torch.testing.assert_close(column, batch[name][place])


def test_users_without_rows_are_left_out() -> None:
    data = made()
    part = data.take(data.users == 3)
    assert len(SequencesDataset(part, 5)) == 1 and SequencesDataset(part, 5)[0]["user"] == 3
    assert len(SequencesDataset(data.take(np.zeros(len(data), bool)), 5)) == 0


def test_what_cannot_be_a_sequence_is_refused() -> None:
    frame = pl.DataFrame({"user_id": ["a", "a"], "item_id": ["x", "y"], "position": [-1, -1]})
    with pytest.raises(Refused, match="main"):
        SequencesDataset(Interactions.from_frame(frame), 3)
    with pytest.raises(InvalidInput, match="length"):
        SequencesDataset(made(), 0)


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "crossrec.data.torch_dataset")
    with pytest.raises(MissingExtra, match=r"crossrec\[torch\]"):
        importlib.import_module("crossrec.data.torch_dataset")
