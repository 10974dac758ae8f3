"""Texts of items: what the catalogue says of each in words, and vectors of those words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl
import scipy.sparse as sp

from crossrec.core.arrays import Doubles, Floats
from crossrec.core.catalogue import Catalogue
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput, suggestion

__all__ = ["TEXT_COLUMNS", "Text", "texts_of", "word_vectors"]

TEXT_COLUMNS = (
    "title", "text", "description", "category", "categories", "genre", "genres", "tags", "keywords",
    "author", "authors", "artist", "brand", "directors",
)  # fmt: skip
"""Columns of a catalogue that are read where none are named."""

Text = list[str]
"""One item's passages: a text, or each element of a list."""
_WORD = re.compile(r"\w+")
_ROUNDS = 4


def texts_of(catalogue: Catalogue, columns: str) -> list[Text]:
    """Return what is said of each item, in code order; nothing for an item of which nothing is.

    Args:
        catalogue: The items.
        columns: Names with commas between them; empty takes those of `TEXT_COLUMNS` that are there.

    Raises:
        InvalidInput: There is no such column, or it has neither text nor lists of text.
    """
    there = pl.DataFrame() if catalogue.columns is None else catalogue.columns
    wanted = [name.strip() for name in columns.split(",") if name.strip()]
    for name in wanted:
        if name not in there.columns:
            raise InvalidInput(f"columns: the items have no column '{name}'{suggestion(name, there.columns)}")
        if there.schema[name] not in (pl.String, pl.List(pl.String)):
            raise InvalidInput(f"columns: expected text in '{name}', got {there.schema[name]}")
    kinds = {name: kind for name, kind in there.schema.items() if kind in (pl.String, pl.List(pl.String))}
    found: list[Text] = [[] for _ in range(len(catalogue))]
    for name in wanted or [name for name in TEXT_COLUMNS if name in kinds]:
        for text, said in zip(found, there[name].to_list(), strict=True):
            text.extend([said] if isinstance(said, str) else [one for one in said or () if one])
    return found


def word_vectors(texts: Sequence[Text], dimensions: int, seed: int) -> Floats:
    """Return the vectors of length 1 of the items' words, Float32[I, F], F <= dimensions; zero without a word.

    Counts of words and of whole short passages ("science fiction"), those that two or more items have, damped and
    weighted by their rarity, in the space of the largest singular vectors.

    Args:
        texts: I texts.
        dimensions: Largest F.
        seed: Of the search for the singular vectors.

    Source: Deerwester et al. 1990 (latent semantic analysis); Halko, Martinsson & Tropp 2011, algorithm 4.4.
    """
    counted = _counts(texts)
    size = min(dimensions, *counted.shape)
    if size == 0:
        return np.zeros((len(texts), 0), dtype=np.float32)
    basis = np.linalg.qr(counted @ random(seed).standard_normal((counted.shape[1], size)))[0]
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(counted @ np.linalg.qr(counted.T @ basis)[0])[0]
    left, strengths, _ = np.linalg.svd((counted.T @ basis).T, full_matrices=False)
    vectors: Doubles = (basis @ left) * strengths
    lengths = np.sqrt(np.einsum("if,if->i", vectors, vectors))
    vectors[lengths < 1e-6] = 0
    found: Floats = (vectors / np.maximum(lengths, 1e-6)[:, None]).astype(np.float32)
    return found


def _counts(texts: Sequence[Text]) -> sp.csr_array:
    """Return the [I, V] weights of words in texts, each row of length 1."""
    words = [Counter(word for passage in text for word in _words(passage)) for text in texts]
    spread = Counter(word for one in words for word in one)
    places = {word: place for place, word in enumerate(sorted(word for word, n in spread.items() if n > 1))}
    cells = [(row, places[word], n) for row, one in enumerate(words) for word, n in one.items() if word in places]
    rows, columns, counts = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    rarity = np.log(len(texts) / np.bincount(columns, minlength=len(places)).clip(1)) + 1
    values = (1 + np.log(counts)) * rarity[columns]
    lengths = np.sqrt(np.bincount(rows, values**2, minlength=len(texts))).clip(1e-12)
    return sp.csr_array((values / lengths[rows], (rows, columns)), shape=(len(texts), len(places)))


def _words(passage: str) -> list[str]:
    """Return the words of a passage in lower case, and one of two or three words also as a whole."""
    words = _WORD.findall(passage.lower())
    return [*words, " ".join(words)] if 1 < len(words) < 4 else words
