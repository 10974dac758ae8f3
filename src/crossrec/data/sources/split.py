"""Split: a folder with train.txt and test.txt in LightGCN's form; the given split is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.core.errors import NotFound
from crossrec.data.intake.prescan import prescan
from crossrec.data.source import FileNote, Reading, Rules, refused_of
from crossrec.data.sources import _files, _lines

__all__ = ["Split"]

_PARTS = {"train": ("train.txt",), "valid": ("valid.txt", "val.txt"), "test": ("test.txt",)}


@dataclass(frozen=True)
class Split:
    """Reads `train.txt`, `test.txt` and, where it is there, `valid.txt`: lines of `user item item …`.

    Order inside a line is kept as order, and is no time. A user without items in one part (a line with the
    user alone) is usual in this form and no fault: the line is quarantined as "a user without items".

    Args:
        kind: What a row is: one of the kinds of interaction.
        ordered: The items of a line stand in time order; false for LightGCN's published files.

    Source: https://github.com/gusye1234/LightGCN-PyTorch, data/.
    """

    kind: str = "view"
    ordered: bool = False

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`."""
        found = {part: _files.find(path, names) for part, names in _PARTS.items()}
        for part in ("train", "test"):
            if found[part] is None:
                names = ", ".join(entry.name for entry in _files.listing(path)[:12]) or "nothing"
                raise NotFound(f"split: expected {part}.txt in '{path}', found {names}")
        texts = {part: prescan(entry, workspace) for part, entry in found.items() if entry is not None}
        rows = [_lines.listed(text).with_columns(pl.lit(part).alias("split")) for part, text in texts.items()]
        return Reading(
            rows=pl.concat(rows),
            rules=Rules(None, kind=self.kind),
            files=tuple(FileNote.of(text) for text in texts.values()),
            refused=refused_of(*texts.values()),
            ordered=self.ordered,
        )
