"""NCF: learns likes and ratings, and never an act from itself."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput, NotFound
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import checkerboard
from crossrec.models.neural.ncf import NCF, _not_had
from crossrec.models.training.bags import shuffled

LIKED, RATED = checkerboard(), checkerboard(rated=True)


@pytest.mark.parametrize("kind", ["mlp", "neumf"])
def test_likes_are_learned_in_both_forms(kind: str) -> None:
    model = NCF(**{**NCF.small, "kind": kind, "epochs": 60}).fit(LIKED)
    users = model.histories_.user_ids.series.to_list()
    found = [items[0] for items in model.recommend(users, k=1).ids()]
    assert not model.rated_ and found == [user.replace("u", "i") for user in users]


@pytest.mark.parametrize("kind", ["mlp", "neumf"])
def test_ratings_are_learned_in_both_forms(kind: str) -> None:
    model = NCF(**{**NCF.small, "kind": kind, "epochs": 60}).fit(RATED)
    history = tuple(Act(f"i{item:03d}", kind="rate", value=5.0 if item % 2 else 1.0) for item in range(8))
    assert model.rated_
    queries = Queries.from_queries([Query(history=history)] * 3, model.catalogue_)
    found = model.predict(queries, np.array([11, 12, -1], dtype=np.int32))
    assert found[0] > 4.2 and found[1] < 1.8 and found[2] == pytest.approx(model.mean_)


def test_the_loss_fits_the_data_unless_it_is_told() -> None:
    settings = {**NCF.small, "epochs": 1}
    assert NCF(**settings).fit(RATED).rated_ and not NCF(**settings).fit(LIKED).rated_
    told = NCF(**settings, loss="bce").fit(RATED)
    assert not told.rated_
    with pytest.raises(InvalidInput, match="loss='mse'"):
        told.predict(told.histories_.queries(["u000"]), np.array([1], dtype=np.int32))


def test_an_act_is_left_out_of_the_history_it_is_learned_from() -> None:
    model = NCF(**{**NCF.small, "batch_size": 7, "dropout": 0.0})
    model.rated_ = False
    network, seen = model.form(24), LIKED.csr()
    users, acts = np.repeat(np.arange(24), np.diff(seen.indptr)), np.arange(seen.nnz)
    batch = next(model._batches(seen, acts, 0))
    asked: list[torch.Tensor] = []
    network.register_forward_hook(lambda module, given, found: asked.append(given[0]))
    model._lost(network, batch)
    first = next(shuffled(acts, model.batch_size, seed=model.seed, epoch=0))
    rows = seen[np.unique(users[first])].toarray()
    for vector, row, item in zip(asked[0], batch.rows.tolist(), batch.items[:, 0].tolist(), strict=True):
        left = rows[row].copy()
        assert left[item] == 1
        left[item] = 0
        expected = torch.from_numpy(left) @ network.past.weight / left.sum() ** 0.5
        torch.testing.assert_close(vector, expected, rtol=1e-4, atol=1e-5)


def test_items_that_were_had_are_no_negatives() -> None:
    had = np.array([0, 1, 2, 5, 6])  # user 0 had 0, 1 and 2 of four items, user 1 had 1 and 2
    drawn = _not_had(had, np.array([0, 1] * 50), 4, 8, random(0))
    assert np.mean(drawn[::2] == 3) > 0.7 and np.mean(np.isin(drawn[1::2], [0, 3])) > 0.95
    assert set(drawn[1::2].ravel().tolist()) >= {0, 3}


@pytest.mark.parametrize(
    "wrong", [{"width": 6}, {"width": 0}, {"dropout": 1.0}, {"negatives": 0}, {"batch_size": 1}, {"epochs": 0}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        NCF(**{**NCF.small, **wrong}).fit(LIKED)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"kind": "mpl"}, {"loss": "bpr"}])
def test_unknown_names_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(NotFound, match=next(iter(wrong))):
        NCF(**{**NCF.small, **wrong}).fit(LIKED)  # type: ignore[arg-type]


def test_nobody_with_two_acts_is_refused() -> None:
    data = Interactions.from_frame(pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"]}))
    with pytest.raises(InvalidInput, match="two things"):
        NCF().fit(data)
