"""The learning curve of a network as a picture."""

from __future__ import annotations

import json
from pathlib import Path

from matplotlib.figure import Figure

from crossrec.core.errors import InvalidInput, Unavailable

__all__ = ["draw_curve"]

_FORMS = (".svg", ".png", ".pdf")


def draw_curve(text: str, path: Path) -> None:
    """Draw the loss of each epoch and, where there was a validation part, NDCG@10 with the best epoch.

    Args:
        text: A model's `curve_`.
        path: A file that ends in .svg, .png or .pdf.

    Raises:
        InvalidInput: The file ends in something else.
        Unavailable: It cannot be written.
    """
    if path.suffix.lower() not in _FORMS:
        raise InvalidInput(f"{path}: expected a file that ends in {', '.join(_FORMS)}")
    curve = json.loads(text)
    epochs = range(1, len(curve["loss"]) + 1)
    exams = [(epoch, value) for epoch, value in zip(epochs, curve["ndcg"], strict=True) if value is not None]
    figure = Figure(figsize=(7, 4), layout="constrained")
    losses = figure.subplots()
    losses.plot(epochs, curve["loss"], color="tab:gray", label="loss")
    losses.set_xlabel("epoch")
    losses.set_ylabel("loss")
    if exams:
        seen = losses.twinx()
        seen.plot(*zip(*exams, strict=True), color="tab:blue", marker=".", label="validation NDCG@10")
        seen.axvline(curve["best"] + 1, color="tab:blue", linestyle=":")
        seen.set_ylabel("validation NDCG@10")
    try:
        figure.savefig(path)
    except OSError as error:
        raise Unavailable(f"{path}: cannot be written ({error})") from error
