"""The plane: groups stay groups, the same seed gives the same picture, and a missing extra is named."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from crossrec.core.errors import InvalidInput, MissingExtra
from crossrec.evaluation.likeness.plane import METHODS, plane


def groups() -> np.ndarray:
    """Three groups of 30 points around three axes."""
    return np.repeat(np.eye(3), 30, axis=0) * 5 + np.random.default_rng(0).normal(size=(90, 3))


@pytest.mark.parametrize("method", METHODS)
def test_near_ones_stay_near_and_a_seed_fixes_it(method: str) -> None:
    laid = plane(groups(), method, near=10, seed=3)
    assert laid.shape == (90, 2) and np.array_equal(laid, plane(groups(), method, near=10, seed=3))
    apart = np.square(laid[:, None] - laid[None]).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    closest = np.argsort(apart, axis=1)[:, :5]
    of_group = np.arange(90) // 30
    assert (of_group[closest] == of_group[:, None]).mean() > 0.9


@pytest.mark.parametrize(
    ("method", "near", "said"), [("pca", 10, "tsne, umap"), ("tsne", 90, "90 points"), ("umap", 1, "above 1")]
)
def test_what_cannot_be_laid_out_is_refused(method: str, near: float, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        plane(groups(), method, near=near, seed=0)


@pytest.mark.parametrize(
    ("method", "package", "module"), [("tsne", "sklearn", "sklearn.manifold"), ("umap", "umap", "umap")]
)
def test_a_missing_extra_is_named(method: str, package: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"pip install 'crossrec\[picture\]'"):
        plane(groups(), method, near=5, seed=0)
