"""Split: a folder with train.txt and test.txt, in LightGCN's form or a row a line; the given split is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.intake.prescan import TextFile, prescan
from crossrec.data.source import FileNote, Reading, Rules, refused_of
from crossrec.data.sources import _files, _lines

__all__ = ["Split"]

_FORMS = ("auto", "lists", "rows")
_PARTS = {"train": ("train.txt",), "valid": ("valid.txt", "val.txt"), "test": ("test.txt",)}


@dataclass(frozen=True)
class Split:
    """Reads `train.txt`, `test.txt` and, where it is there, `valid.txt`: `user item item …`, or a row a line.

    Order inside a line is kept as order, and is no time. A user without items in one part (a line with the
    user alone) is usual in this form and no fault: the line is quarantined as "a user without items".

    The form is found by itself: where each of the first thousand lines of `train.txt` has three words, and a user
    comes twice, it is `rows` (DisenCDR); in lists a user has one line.

    Args:
        form: "auto", "lists" (a line is a user with all items) or "rows" (a user, an item and a value, which is
            not read).
        kind: What a row is: one of the kinds of interaction.
        ordered: The items of a line stand in time order; false for LightGCN's published files.

    Source: https://github.com/gusye1234/LightGCN-PyTorch, data/; https://github.com/cjx96/DisenCDR, dataset/.
    """

    form: str = "auto"
    kind: str = "view"
    ordered: bool = False

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`."""
        if self.form not in _FORMS:
            raise InvalidInput(f"split: option form: expected one of {', '.join(_FORMS)}, got '{self.form}'")
        found = {part: _files.find(path, names) for part, names in _PARTS.items()}
        for part in ("train", "test"):
            if found[part] is None:
                names = ", ".join(entry.name for entry in _files.listing(path)[:12]) or "nothing"
                raise NotFound(f"split: expected {part}.txt in '{path}', found {names}")
        texts = {part: prescan(entry, workspace) for part, entry in found.items() if entry is not None}
        valued = self.form == "rows" or (self.form == "auto" and _are_rows(texts["train"]))
        parse = _rows if valued else _lines.listed
        rows = [parse(text).with_columns(pl.lit(part).alias("split")) for part, text in texts.items()]
        return Reading(
            rows=pl.concat(rows),
            rules=Rules(None, kind=self.kind),
            files=tuple(FileNote.of(text) for text in texts.values()),
            refused=refused_of(*texts.values()),
            ordered=self.ordered,
            notes=("a line is a user, an item and a value, which is not read",) if valued else (),
        )


def _are_rows(text: TextFile) -> bool:
    """Tell whether lines are a user, an item and a value, and no lists."""
    head = _lines.words(_lines.lines_of(text).head(1000)).select("fields").collect()["fields"]
    return bool((head.list.len() == 3).all()) and head.list.first().n_unique() < len(head)


def _rows(text: TextFile) -> pl.LazyFrame:
    """Read a user, an item and a value a line."""
    found = _lines.delimited(_lines.lines_of(text), "", ("user_id", "item_id", "value"))
    return _lines.settled(found, {name: name for name in ("user_id", "item_id")})
