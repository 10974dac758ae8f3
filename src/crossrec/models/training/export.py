"""Write the network of a model as ONNX, for other programs that answer with it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from crossrec.core.errors import MissingExtra, NotFitted, Unavailable
from crossrec.models.training.hush import hushed

if TYPE_CHECKING:
    from crossrec.models.training.network import FromNetwork

__all__ = ["Exported", "export_onnx", "of_history"]

_OPSET, _NEEDS = 20, ("onnx", "onnxscript")
_NAMES = ("torch.onnx", "onnxscript", "onnx_ir")


@dataclass(frozen=True)
class Exported:
    """A network from its inputs to scores, and how it is asked.

    Args:
        network: Takes the inputs, and returns Float32[B, I] scores.
        inputs: Name of an input -> an example, with at least two rows.
        free: Name of an input -> its dimension -> what that is called and the most it may be, None for any number.
        notes: What else is to be known: a name -> a text in the file's metadata.
    """

    network: nn.Module
    inputs: Mapping[str, Tensor]
    free: Mapping[str, Mapping[int, tuple[str, int | None]]]
    notes: Mapping[str, str] = field(default_factory=dict)


def of_history(network: nn.Module, items: int) -> Exported:
    """Say how a network is asked whose one input is Float32[B, I], 1 for each item of a history and 0 elsewhere."""
    return Exported(network, {"history": torch.ones((2, items))}, {"history": {0: ("batch", None)}})


def export_onnx(model: FromNetwork, path: Path) -> None:
    """Write a model's network; the items' ids stand in the file's metadata as JSON, in the order of the scores.

    Args:
        model: A fitted model with a network.
        path: The file; one that is there is replaced.

    Raises:
        NotFitted: Before `fit` or `load`.
        MissingExtra: The extra "onnx" is not installed.
        Unavailable: The file cannot be written.
    """
    if not hasattr(model, "catalogue_"):
        raise NotFitted(f"{type(model).__name__} is not fitted yet; call fit(interactions) or load(folder) first")
    if missing := [name for name in _NEEDS if importlib.util.find_spec(name) is None]:
        raise MissingExtra(f"ONNX needs {missing[0]}: pip install 'crossrec[onnx]'")
    told = model.exported()
    items = model.catalogue_.ids.series.to_list()
    with hushed(*_NAMES):
        program = _program(told)
    own = {"model": type(model).__name__, "items": json.dumps(items, ensure_ascii=False)}
    program.model.metadata_props.update({**told.notes, **own})
    beside = path.with_name(f".{path.name}.part")
    try:
        program.save(str(beside))
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Unavailable(f"{path}: cannot be written ({error})") from error


def _program(told: Exported) -> Any:
    """Trace the network with dimensions that may change left open."""
    sizes: dict[str, Any] = {}

    def size(name: str, most: int | None) -> Any:
        return sizes.setdefault(name, torch.export.Dim(name, min=1, max=most))

    shapes = {name: {place: size(*one) for place, one in told.free.get(name, {}).items()} for name in told.inputs}
    return torch.onnx.export(
        told.network.eval(),
        tuple(told.inputs.values()),
        dynamo=True,
        input_names=list(told.inputs),
        output_names=["scores"],
        dynamic_shapes=tuple(shapes.values()),
        opset_version=_OPSET,
        verbose=False,
    )
