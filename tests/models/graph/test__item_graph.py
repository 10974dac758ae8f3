"""What the graph models share: nothing of the training graph is needed to answer, and reasons add up to scores."""

from __future__ import annotations

import numpy as np

from crossrec.core.query import Act, Query
from crossrec.models.boards import checkerboard, two_domain_board
from crossrec.models.graph.lightgcn import LightGCN


def test_a_person_of_the_training_data_and_a_stranger_with_the_same_history_get_the_same_list() -> None:
    model = LightGCN(**LightGCN.small).fit(checkerboard())
    own = model.histories_.queries(["u001"])
    past = tuple(Act(str(item)) for item in model.catalogue_.ids.decode(own.items))
    one, other = model.recommend(["u001"]), model.recommend(Query(user="nobody", history=past))
    assert one.ids() == other.ids()
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-5)


def test_the_terms_of_a_history_add_up_to_its_score() -> None:
    model = LightGCN(**LightGCN.small).fit(checkerboard())
    queries = model.histories_.queries(["u001"])
    past = np.unique(queries.items)
    terms = model.weights_["sources"][past] @ model.weights_["targets"].T
    expected = terms.sum(axis=0) / len(past) ** 0.5
    np.testing.assert_allclose(model.score(queries).values[0, 1::2], expected[1::2], rtol=1e-4, atol=1e-5)


def test_items_to_which_no_way_leads_are_in_no_list() -> None:
    model = LightGCN(**LightGCN.small).fit(two_domain_board(shared=False))
    lists = model.recommend(["u000"], k=24)
    assert lists.ids()[0] and all(str(item).startswith("films:") for item in lists.ids()[0])
