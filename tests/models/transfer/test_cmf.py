"""CMF: one domain is ALS, and balance moves the weight of a small one."""

from __future__ import annotations

import numpy as np
import pytest

from crossrec.core.errors import InvalidInput, NotFitted
from crossrec.models.boards import checkerboard, two_domain_board
from crossrec.models.classic.als import ALS
from crossrec.models.transfer.cmf import CMF


def test_on_one_domain_it_is_als() -> None:
    board = checkerboard()
    mine = CMF(factors=8, alpha=4.0).fit(board).recommend(["u000", "u001"], k=5)
    control = ALS(factors=8, alpha=4.0).fit(board).recommend(["u000", "u001"], k=5)
    assert mine.ids() == control.ids()
    np.testing.assert_allclose(mine.scores, control.scores, atol=1e-5)


def test_balance_gives_all_domains_the_same_confidence_in_sum() -> None:
    board = two_domain_board()
    fewer = board.take((board.domains == 0) | (np.arange(len(board)) % 3 == 0))
    model = CMF(factors=4, balance=1.0).fit(fewer)
    seen = fewer.csr()
    sums = np.bincount(fewer.catalogue.domains[seen.indices], weights=model.confidence_[seen.indices])
    np.testing.assert_allclose(sums[0], sums[1], rtol=1e-5)
    assert len(np.unique(CMF(factors=4, balance=0.0).fit(fewer).confidence_)) == 1


def test_a_product_of_vectors_is_the_score() -> None:
    model = CMF(factors=4).fit(two_domain_board())
    values = model.score(model.histories_.acts).values
    products, joined = model.embed(model.histories_.acts) @ model.item_vectors().T, values != 0
    assert joined.any() and np.allclose(products[joined], values[joined], atol=1e-5)
    with pytest.raises(NotFitted):
        CMF().item_vectors()


@pytest.mark.parametrize("settings", [{"balance": 1.5}, {"factors": 0}, {"l2": 0.0}])
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="CMF: expected"):
        CMF(**settings).fit(two_domain_board())  # type: ignore[arg-type]
