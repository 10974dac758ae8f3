"""DomainEASE between its two ends: each domain alone, and the union."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.boards import two_domain_board
from crossrec.models.classic.ease import EASE
from crossrec.models.transfer._domains import scaled_cells
from crossrec.models.transfer.domain_ease import DomainEASE


@pytest.fixture
def two_domains() -> Interactions:
    chance = random(3)
    cells = pl.DataFrame({"user_id": chance.integers(0, 30, 400), "item_id": chance.integers(0, 12, 400)}).unique()
    domain = np.where(chance.random(cells.height) < 0.6, "films", "books")
    return Interactions.from_frame(cells.sort("user_id", "item_id").with_columns(domain=pl.Series(domain)))


def test_weight_one_is_ease_over_the_union(two_domains: Interactions) -> None:
    found = DomainEASE(l2=5.0).fit(two_domains).weights_
    np.testing.assert_allclose(found, EASE(l2=5.0).fit(two_domains).weights_, atol=1e-5)


def test_weight_zero_is_ease_on_each_domain_alone(two_domains: Interactions) -> None:
    found = DomainEASE(l2=5.0, weight=0.0).fit(two_domains)
    for name in ("films", "books"):
        inside = found.catalogue_.in_domain(name)
        alone = EASE(l2=5.0).fit(two_domains.domain(name)).weights_
        np.testing.assert_allclose(found.weights_[np.ix_(inside, inside)], alone, atol=1e-5)
        assert not found.weights_[np.ix_(~inside, inside)].any()


def test_a_weight_is_a_larger_penalty_on_what_comes_from_elsewhere(two_domains: Interactions) -> None:
    """Towards one item: the ridge regression on all others, whose penalty is l2 / weight² outside the domain."""
    found, l2, weight = DomainEASE(l2=5.0, weight=0.5).fit(two_domains), 5.0, 0.5
    seen = two_domains.csr().toarray().astype(np.float64)
    target = 3
    inside = two_domains.catalogue.domains == two_domains.catalogue.domains[target]
    others = np.arange(seen.shape[1]) != target
    penalty = np.diag(np.where(inside, l2, l2 / weight**2)[others])
    x = seen[:, others]
    expected = np.linalg.solve(x.T @ x + penalty, x.T @ seen[:, target])
    np.testing.assert_allclose(found.weights_[others, target], expected, atol=1e-4)


def test_activity_gives_each_part_of_a_history_one_length(two_domains: Interactions) -> None:
    domains = two_domains.catalogue.domains
    scaled = scaled_cells(two_domains.csr(), domains, 2, activity=1.0).toarray()
    lengths = np.stack([np.linalg.norm(scaled[:, domains == code], axis=1) for code in (0, 1)])
    np.testing.assert_allclose(lengths[lengths > 0], 1.0, rtol=1e-6)
    gram = (scaled.T @ scaled + 5.0 * np.eye(len(domains))).astype(np.float64)
    inverse = np.linalg.inv(gram)
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(DomainEASE(l2=5.0, activity=1.0).fit(two_domains).weights_, expected, atol=1e-5)


@pytest.mark.parametrize("settings", [{"l2": 0.0}, {"weight": 1.5}, {"weight": -0.1}, {"activity": 3.0}])
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="DomainEASE: expected"):
        DomainEASE(**settings).fit(two_domain_board())
