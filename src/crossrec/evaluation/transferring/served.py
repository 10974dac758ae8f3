"""A model as it is served: with a floor behind it that answers whom it has no opinion on."""

from __future__ import annotations

from crossrec.core.interactions import Interactions
from crossrec.models.fallback import Fallback
from crossrec.models.recommender import Recommender, model_of

__all__ = ["served"]


def served(words: str, floor: str, data: Interactions) -> Recommender:
    """Fit a model with a floor behind it.

    Args:
        words: The model and its settings.
        floor: A model that needs no history, likewise.
        data: What both learn from.
    """
    return Fallback((model_of(words), model_of(floor)), ("model", "floor")).fit(data)
