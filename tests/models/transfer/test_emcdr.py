"""EMCDR: a history in the target is answered by the target alone, and who has none is mapped."""

from __future__ import annotations

import numpy as np
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.core.query import Act, Query
from crossrec.models.boards import two_domain_board
from crossrec.models.classic.als import ALS
from crossrec.models.transfer.emcdr import EMCDR, _mapping


def test_who_has_a_history_in_the_target_is_answered_by_als_on_it() -> None:
    board = two_domain_board()
    model, control = EMCDR(factors=8).fit(board), ALS(factors=8).fit(board.domain("books"))
    both = Query(history=(Act("films:1"), Act("films:3"), Act("books:0"), Act("books:2")), domain="books")
    alone = Query(history=(Act("books:0"), Act("books:2")))
    found, expected = model.recommend(both, k=3), control.recommend(alone, k=3)
    assert found.ids() == expected.ids()
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)


def test_the_mapping_is_the_ridge_regression() -> None:
    chance = np.random.default_rng(0)
    source = chance.normal(size=(50, 3)).astype(np.float32)
    true = chance.normal(size=(3, 3))
    found = _mapping(source, (source @ true).astype(np.float32), ridge=1e-6)
    np.testing.assert_allclose(found, true, atol=1e-3)


def test_without_persons_in_both_nothing_is_mapped() -> None:
    model = EMCDR(factors=4).fit(two_domain_board(shared=False))
    assert not model.maps_.any()


def test_similar_items_stay_in_their_domain() -> None:
    model = EMCDR(factors=4).fit(two_domain_board())
    lists = model.similar(["films:2"], k=3)
    assert all(str(item).startswith("films:") for item in lists.ids()[0])


@pytest.mark.parametrize("settings", [{"ridge": 0.0}, {"epochs": 0}])
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="EMCDR: expected"):
        EMCDR(**settings).fit(two_domain_board())  # type: ignore[arg-type]
