"""A training that was stopped goes on: its state as arrays and JSON, no pickle."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch.plugins.io import CheckpointIO

from crossrec.core.errors import CorruptBundle, Unavailable

__all__ = ["PlainCheckpoint"]

_TREE = "tree"


class PlainCheckpoint(CheckpointIO):
    """Writes Lightning's nested checkpoint as one npz file: its tensors as arrays, all else as JSON."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:  # noqa: ARG002
        """Write a checkpoint, whole or not at all.

        Raises:
            Unavailable: The disk refuses; the training has not stopped because of it before.
        """
        arrays: dict[str, np.ndarray[Any, Any]] = {}
        tree = json.dumps(_plain(checkpoint, arrays))
        target = Path(path)
        draft = target.with_suffix(".part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as out:
                np.savez(out, **{_TREE: np.array(tree)}, **arrays)  # type: ignore[arg-type]  # names are ours
            draft.replace(target)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise Unavailable(f"{target}: a checkpoint cannot be written ({error})") from error

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Any | None = None,  # noqa: ARG002 - all of it is on the processor
        weights_only: bool | None = None,  # noqa: ARG002 - nothing else than weights and plain values is ever read
    ) -> dict[str, Any]:
        """Read what `save_checkpoint` wrote.

        Raises:
            CorruptBundle: The file is damaged.
        """
        try:
            with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as found:
                tree = json.loads(str(found[_TREE]))
                restored: dict[str, Any] = _tree(tree, found)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise CorruptBundle(
                f"{path}: expected a checkpoint, got a damaged one ({error}); remove it to start anew"
            ) from error
        return restored

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove a checkpoint."""
        Path(path).unlink(missing_ok=True)


def _plain(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    """Turn a tree into JSON, with tensors put aside; a mapping is a list of pairs, since its keys may be numbers."""
    if isinstance(value, torch.Tensor):
        name = f"a{len(arrays)}"
        arrays[name] = value.detach().cpu().numpy()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"map": [[key, _plain(part, arrays)] for key, part in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"tuple" if isinstance(value, tuple) else "list": [_plain(part, arrays) for part in value]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"checkpoint: {type(value).__name__} has no file form")


def _tree(value: Any, arrays: Any) -> Any:
    """Turn what `_plain` made back into a tree."""
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    if kind == "tensor":
        return torch.from_numpy(arrays[held])
    if kind == "map":
        return {key: _tree(part, arrays) for key, part in held}
    parts = [_tree(part, arrays) for part in held]
    return tuple(parts) if kind == "tuple" else parts
