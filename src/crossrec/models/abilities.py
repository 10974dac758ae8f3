"""What only some models can do: one small protocol each, never a method that raises "not implemented"."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from crossrec.core.arrays import Codes, Floats
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.data.engine import Engine

__all__ = ["Embeds", "Explains", "FitsOnEngine", "Foretells", "Rates", "ScoresPart", "SimilarItems", "Updates"]


@runtime_checkable
class SimilarItems(Protocol):
    """Knows which items are alike."""

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the k most similar items of each item, without itself.

        Args:
            items: B item ids of the catalogue.
            k: Length of the lists, >= 1.

        Raises:
            NotFound: An item is not in the catalogue.
        """
        ...


@runtime_checkable
class ScoresPart(Protocol):
    """Scores a part of the items at no cost for the others: those of one domain among many."""

    def score_part(self, queries: Queries, codes: Codes) -> Scores:
        """Score some items for each query; the values are those of `score`.

        Args:
            queries: B queries.
            codes: Int32[C] of the catalogue, each once.

        Returns:
            Scores of Float32[B, C], in the order of the codes.

        Raises:
            NotFitted: Before `fit` or `load`.
        """
        ...


@runtime_checkable
class Embeds(Protocol):
    """Has a vector for each history and each item; the product of two is the score, where anybody joins the two."""

    def embed(self, queries: Queries) -> Floats:
        """Return the vectors of histories.

        Args:
            queries: B queries.

        Returns:
            Float32[B, D]; zero for a history without a known item.

        Raises:
            NotFitted: Before `fit` or `load`.
        """
        ...

    def item_vectors(self) -> Floats:
        """Return the vectors of items by code, Float32[I, D]; zero for an item that nobody had.

        Raises:
            NotFitted: Before `fit` or `load`.
        """
        ...


@runtime_checkable
class Explains(Protocol):
    """Knows which past item speaks most for a recommended one."""

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the item of each history that added most to the score of each item.

        Args:
            queries: B queries on the model's own codes.
            items: Int32[B, K] item codes, -1 for none.

        Returns:
            Int32[B, K] codes of items of the history, -1 where none added anything.
        """
        ...


@runtime_checkable
class Rates(Protocol):
    """Predicts the rating that someone would give."""

    def predict(self, queries: Queries, items: Codes) -> Floats:
        """Return the predicted rating of one item for each query.

        Args:
            queries: B queries whose history carries ratings.
            items: Int32[B] item codes of the model, -1 for an unknown item.

        Returns:
            Float32[B] ratings within the range seen in training.
        """
        ...


@runtime_checkable
class Foretells(Protocol):
    """Knows how likely an event is."""

    def chances(self, queries: Queries, items: Codes, kind: str = "") -> Floats:
        """Return the chance of an event with one item for each query.

        Args:
            queries: B queries.
            items: Int32[B] item codes of the model that the histories do not have, -1 for an unknown item.
            kind: One of `KINDS`; empty is the one that the model ranks by.

        Returns:
            Float32[B] in [0, 1]; NaN for an unknown item.
        """
        ...


@runtime_checkable
class FitsOnEngine(Protocol):
    """Can learn on another engine's machines, and then answers here without it."""

    def fit_on(self, train: Interactions, engine: Engine, workspace: Path) -> FitsOnEngine:
        """Learn like `fit`, with the heavy work done by an engine.

        Args:
            train: Interactions.
            engine: An open engine.
            workspace: An existing folder that all of the engine's workers read.

        Raises:
            InvalidInput: A setting is out of its range, or the engine cannot do this.
            Unavailable: The engine fails.
        """
        ...


@runtime_checkable
class Updates(Protocol):
    """Can learn what is new without starting again."""

    def update(self, new: Interactions) -> Updates:
        """Learn further interactions, of people and items that are known or not, and return this model.

        What people did before is taken from the model's histories, so an interaction told twice is there twice.

        Args:
            new: Interactions with the same kind of ids. Known items keep their codes, new ones stand behind them.

        Raises:
            NotFitted: Before `fit` or `load`.
            InvalidInput: Ids are of another kind, or the model knows one domain alone and is told of others.
        """
        ...
