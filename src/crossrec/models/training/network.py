"""FromNetwork: the half of a model that all torch models share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossrec.core.interactions import Interactions
from crossrec.models.machine import require_memory
from crossrec.models.ranking import Scorer
from crossrec.models.recommender import FromScores
from crossrec.models.training.exam import exam_of
from crossrec.models.training.trainer import Course, train
from crossrec.models.training.weights import filled, seeded, weights_of

if TYPE_CHECKING:
    from crossrec.models.training.export import Exported

    Model = TypeVar("Model", bound="FromNetwork")

__all__ = ["FromNetwork"]

_OF_LENGTH = ("epochs", "patience")
_COPIES = 7
"""Weights, gradients, the two means of Adam, the running mean, the best weights so far, and what takes their place."""


class FromNetwork(FromScores):
    """Keeps a network as arrays, and trains it the one way.

    A model writes `form`, the network for a number of items, and `exported`, how others ask it, and gives `taught` its
    loss, its batches and the scores of a network that is still learning.
    """

    exempt: ClassVar[Mapping[str, str]] = {
        "unrelated_history_gets_no_opinion": "a network has an opinion on every item, whatever was learned about it",
    }
    weights_: Mapping[str, NDArray[Any]]
    curve_: str
    _ready: nn.Module | None = None

    if TYPE_CHECKING:

        def form(self, items: int) -> nn.Module:
            """Return the untrained network for a catalogue; the model writes this."""
            ...

        def exported(self) -> Exported:
            """Return the trained network from its inputs to scores, to be written as ONNX; the model writes this."""
            ...

    @property
    def network(self) -> Any:
        """The trained network, put together from its arrays when it is first asked for."""
        if self._ready is None:
            self._ready = filled(self.form(len(self.catalogue_)), self.weights_)
        return self._ready

    def require_room(self, items: int, batch_bytes: float) -> None:
        """Refuse a training that would not fit, before anything of it is made.

        Args:
            items: Of the catalogue.
            batch_bytes: See `taught`.

        Raises:
            OutOfBudget: It would not fit in the memory there is.
        """
        with torch.device("meta"):  # shapes without memory
            parts = self.form(items).state_dict().values()
        network = sum(part.numel() * part.element_size() for part in parts)
        require_memory(_COPIES * network + batch_bytes, f"training {type(self).__name__} over {items:,} items")

    def taught(
        self: Model,
        data: Interactions,
        validation: Interactions | None,
        course: Course,
        *,
        loss: Callable[[Any, Any], Tensor],
        batches: Callable[[int], Iterable[Any]],
        scorer: Callable[[Any], Scorer],
        all_of_it: Interactions | None = None,
        batch_bytes: float = 0.0,
    ) -> Model:
        """Train a fresh network and keep its weights, its curve and the data's histories.

        Args:
            data: What is learned from.
            validation: What the exam is made of; None holds none.
            course: How long and how fast.
            loss: The loss of a network on a batch.
            batches: The batches of an epoch.
            scorer: The scores of a network.
            all_of_it: Where histories are taken from, if a part of the data was held out; None is `data`.
            batch_bytes: What the largest batch takes while it is learned from: activations, scores, their gradients.

        Raises:
            OutOfBudget: The network, what the optimiser keeps and a batch would not fit in the memory there is.
        """
        self.require_room(len(data.catalogue), batch_bytes)
        with seeded(course.seed):
            network = self.form(len(data.catalogue))
        found = exam_of(data, validation, seed=course.seed)
        exam = None if found is None else lambda: found.ndcg(scorer(network))
        settings = {name: value for name, value in dataclasses.asdict(self).items() if name not in _OF_LENGTH}
        identity = f"{type(self).__name__} {settings} {data.fingerprint}"
        curve = train(network, lambda batch: loss(network, batch), batches, course, exam=exam, identity=identity)
        self.weights_, self.curve_, self._ready = weights_of(network), curve.text, None
        return self.remember(data if all_of_it is None else all_of_it)
