"""Train a network with PyTorch Lightning: epochs, early stop on the exam, best weights, progress, resume."""

from __future__ import annotations

import hashlib
import json
import math
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from crossrec.core.errors import InvalidInput
from crossrec.models.progress import tell
from crossrec.models.training.checkpoint import PlainCheckpoint
from crossrec.models.training.hush import hushed
from crossrec.models.training.mean import Mean
from crossrec.models.training.resume import checkpoints
from crossrec.models.training.weights import seeded

__all__ = ["Course", "Curve", "train"]

_NAMES = ("lightning.pytorch", "lightning.fabric")


@dataclass(frozen=True)
class Course:
    """How long and how fast a network learns.

    Args:
        epochs: Rounds over the data at most, >= 1.
        learning_rate: Of Adam, > 0.
        weight_decay: Of AdamW; 0 is Adam.
        patience: Stop after so many epochs without a better exam; 0 never stops early. The best weights stay.
        every: Epochs between two exams, >= 1.
        average: The weights that are examined and kept are a running mean over about 1 / (1 - average) batches; 0 takes
            them as they are.
        seed: Fixes all that is drawn.

    Source of the mean: Polyak & Juditsky 1992; it starts short and grows, so that the first epochs are not held back.
    """

    epochs: int
    learning_rate: float
    weight_decay: float = 0.0
    patience: int = 0
    every: int = 1
    average: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.every < 1 or self.patience < 0:
            raise InvalidInput(
                f"expected epochs >= 1, every >= 1 and patience >= 0, got {self.epochs}, {self.every}, {self.patience}"
            )
        if not 0 <= self.average < 1:
            raise InvalidInput(f"expected average in [0, 1), got {self.average}")
        if not self.learning_rate > 0 or self.weight_decay < 0:
            raise InvalidInput(
                f"expected learning_rate > 0 and weight_decay >= 0, got {self.learning_rate} and {self.weight_decay}"
            )


@dataclass
class Curve:
    """What a training went through, an entry an epoch.

    Args:
        losses: Mean loss.
        exams: How good the network was, NDCG@10 of most models; None where no exam was held.
        best: The epoch whose weights were kept, the first is 0.
    """

    losses: list[float] = field(default_factory=list)
    exams: list[float | None] = field(default_factory=list)
    best: int = 0

    @property
    def text(self) -> str:
        """All of it as JSON, as a model keeps it."""
        return json.dumps({"loss": self.losses, "ndcg": self.exams, "best": self.best})


def train(
    network: nn.Module,
    loss: Callable[[Any], Tensor],
    batches: Callable[[int], Iterable[Any]],
    course: Course,
    *,
    exam: Callable[[], float] | None = None,
    identity: str = "",
) -> Curve:
    """Train a network in place; afterwards it has the weights of its best exam, or the last without one.

    Args:
        network: What learns.
        loss: The mean loss of one batch.
        batches: The batches of an epoch, which must be the same whenever the same epoch is asked for.
        course: How long and how fast.
        exam: How good the network is now, more is better; called in evaluation mode without gradients.
        identity: What makes this training another one than others: data, settings. A checkpoint of another is left.

    Raises:
        InvalidInput: The loss is no number any more.
        Unavailable: A checkpoint cannot be written.
        CorruptBundle: The checkpoint that would be gone on from is damaged.
    """
    lesson = _Lesson(network, loss, course, exam)
    folder, path = checkpoints(), None
    if folder is not None:
        digest = hashlib.sha256(f"{type(network).__name__} {identity}".encode()).hexdigest()[:16]
        path = folder / f"{digest}.npz"
    before = signal.getsignal(signal.SIGINT)
    with hushed(*_NAMES), seeded(course.seed):
        trainer = pl.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=course.epochs,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=[_Rounds(path)],
            plugins=[PlainCheckpoint()],
        )
        try:
            trainer.fit(lesson, train_dataloaders=_Batches(batches, lesson), ckpt_path=path if _there(path) else None)
        except SystemExit as stopped:  # Lightning's answer to Ctrl-C, which it ignores from then on
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, before)
            raise KeyboardInterrupt from stopped
    network.load_state_dict(lesson.best_weights or lesson.mean.weights)
    network.eval()
    return lesson.curve


def _there(path: Path | None) -> bool:
    return path is not None and path.exists()


class _Batches:
    """The batches of the epoch that comes; what chance does in it depends on the epoch alone.

    The trainer of a training that goes on asks for them before it knows its epoch, hence the curve.
    """

    def __init__(self, batches: Callable[[int], Iterable[Any]], lesson: _Lesson) -> None:
        self._batches, self._lesson = batches, lesson

    def __iter__(self) -> Iterator[Any]:
        yield from self._batches(len(self._lesson.curve.losses))


class _Lesson(pl.LightningModule):
    """A network with its loss, as Lightning wants it."""

    def __init__(
        self, network: nn.Module, loss: Callable[[Any], Tensor], course: Course, exam: Callable[[], float] | None
    ) -> None:
        super().__init__()
        self.network, self.loss, self.course, self.exam = network, loss, course, exam
        self.curve = Curve()
        self.best_weights: dict[str, Tensor] = {}
        self.mean = Mean(network, course.average)
        self.sums: list[Tensor] = []

    def training_step(self, batch: Any, number: int) -> Tensor:  # noqa: ARG002 - Lightning's signature
        value = self.loss(batch)
        self.sums.append(value.detach())
        return value

    def configure_optimizers(self) -> torch.optim.Optimizer:
        kind = torch.optim.AdamW if self.course.weight_decay else torch.optim.Adam
        return kind(
            self.network.parameters(), lr=self.course.learning_rate, weight_decay=self.course.weight_decay, fused=True
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["curve"] = {"losses": self.curve.losses, "exams": self.curve.exams, "best": self.curve.best}
        checkpoint["best_weights"] = self.best_weights
        checkpoint["mean"] = self.mean.state

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.curve = Curve(**checkpoint["curve"])
        self.best_weights = checkpoint["best_weights"]
        self.mean.state = checkpoint["mean"]


class _Rounds(pl.Callback):
    """What happens around an epoch: seed, exam, best weights, early stop, checkpoint, progress."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def on_train_epoch_start(self, trainer: pl.Trainer, lesson: Any) -> None:
        torch.manual_seed(hash((lesson.course.seed, trainer.current_epoch)) % 2**31)
        lesson.network.train()
        lesson.sums = []

    def on_train_batch_end(self, trainer: pl.Trainer, lesson: Any, *told: Any) -> None:  # noqa: ARG002 - Lightning's
        lesson.mean.follow()

    def on_train_epoch_end(self, trainer: pl.Trainer, lesson: Any) -> None:
        epoch, course, curve = trainer.current_epoch, lesson.course, lesson.curve
        loss = float(torch.stack(lesson.sums).mean()) if lesson.sums else 0.0
        if not torch.isfinite(torch.tensor(loss)):
            raise InvalidInput(
                f"training: the loss of epoch {epoch + 1} is {loss}; take a smaller learning_rate than "
                f"{course.learning_rate}"
            )
        curve.losses.append(loss)
        curve.exams.append(self._examined(lesson, epoch))
        seen = [value for value in curve.exams if value is not None]
        told = f"epochs (loss {loss:.4g}" + (f", exam {seen[-1]:.4f})" if seen else ")")
        tell(told, epoch + 1, course.epochs)
        if course.patience and seen and epoch - curve.best >= course.patience:
            trainer.should_stop = True
        if self._path is not None:
            trainer.save_checkpoint(self._path)

    def _examined(self, lesson: Any, epoch: int) -> float | None:
        """Hold the exam, and keep the weights where it is the best so far."""
        if lesson.exam is None or (epoch + 1) % lesson.course.every:
            return None
        lesson.network.eval()
        with torch.inference_mode(), lesson.mean.in_place():
            value = float(lesson.exam())
        lesson.network.train()
        best = max((seen for seen in lesson.curve.exams if seen is not None), default=-math.inf)
        if value > best:
            lesson.curve.best = epoch
            lesson.best_weights = {name: part.clone() for name, part in lesson.mean.weights.items()}
        return value
