"""Plane: vectors of many dimensions laid out in two, so that near ones stay near; by scikit-learn and umap-learn."""

from __future__ import annotations

import numpy as np

from crossrec.core.arrays import Doubles
from crossrec.core.clock import check_seed
from crossrec.core.errors import InvalidInput
from crossrec.core.shelf import missing
from crossrec.models.training.hush import hushed

__all__ = ["METHODS", "plane"]

METHODS = ("tsne", "umap")


def plane(vectors: Doubles, method: str, *, near: float, seed: int) -> Doubles:
    """Lay vectors out in the plane; neighbourhoods mean something, distances between far groups and axes do not.

    Args:
        vectors: Float64[N, D].
        method: "tsne" or "umap".
        near: Perplexity of t-SNE, > 0, or neighbours of UMAP, >= 2; less than N.
        seed: Same seed, same picture on the same machine.

    Returns:
        Float64[N, 2].

    Raises:
        InvalidInput: No such method, or `near` is out of range.
        MissingExtra: The extra "picture" is not installed.

    Source: van der Maaten & Hinton 2008, "Visualizing data using t-SNE"; McInnes, Healy & Melville 2018, "UMAP".
    """
    check_seed(seed)
    if method not in METHODS:
        raise InvalidInput(f"method: expected one of {', '.join(METHODS)}, got '{method}'")
    least, name = (0.0, "perplexity") if method == "tsne" else (1.0, "neighbours")
    if not least < near < len(vectors):
        raise InvalidInput(f"{name}: expected a number above {least:g} and below {len(vectors)} points, got {near:g}")
    try:
        return _tsne(vectors, near, seed) if method == "tsne" else _umap(vectors, near, seed)
    except ModuleNotFoundError as error:
        raise missing(f"method {method}", error) from error


def _tsne(vectors: Doubles, perplexity: float, seed: int) -> Doubles:
    from sklearn.manifold import TSNE

    # From the first two principal axes, so that where groups lie is not chance: Kobak & Linderman 2021.
    found = TSNE(perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed).fit_transform(vectors)
    return np.asarray(found, dtype=np.float64)


def _umap(vectors: Doubles, neighbours: float, seed: int) -> Doubles:
    with hushed():  # on import it says that TensorFlow, which nobody asked for, is not there
        from umap import UMAP

    found = UMAP(n_neighbors=int(neighbours), random_state=seed, n_jobs=1).fit_transform(vectors)
    return np.asarray(found, dtype=np.float64)
