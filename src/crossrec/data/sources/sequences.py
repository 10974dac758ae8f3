"""Sequences: one line per user in time order, or two columns; there is no time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import TextFile, prescan
from crossrec.data.source import FileNote, Reading, Rules, refused_of
from crossrec.data.sources import _files, _lines

__all__ = ["Sequences"]

_FORMS = ("auto", "lists", "pairs")


@dataclass(frozen=True)
class Sequences:
    """Reads `user item item …` in time order (S3-Rec), or `user item` a line (SASRec).

    The order is kept as order; it is never a time. The form is found by itself: where more than half of the
    first thousand lines have exactly two words, and a user comes twice, it is `pairs`.

    Args:
        form: "auto", "lists" (a line is a user with all items) or "pairs".
        kind: What a row is: one of the kinds of interaction.

    Source: https://github.com/RUCAIBox/CIKM2020-S3Rec, https://github.com/kang205/SASRec.
    """

    form: str = "auto"
    kind: str = "view"

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the file and say how it is read; see `Source.read`."""
        if self.form not in _FORMS:
            raise InvalidInput(f"sequences: option form: expected one of {', '.join(_FORMS)}, got '{self.form}'")
        text = prescan(_files.require(path, ("*.txt", "*.dat", "*.inter"), "sequences"), workspace)
        pairs = self.form == "pairs" or (self.form == "auto" and _are_pairs(text))
        return Reading(
            rows=_pairs(text) if pairs else _lines.listed(text),
            rules=Rules(None, kind=self.kind),
            files=(FileNote.of(text),),
            refused=refused_of(text),
            repeats=True,
        )


def _are_pairs(text: TextFile) -> bool:
    """Tell the two forms apart by the first lines."""
    head = _lines.words(_lines.lines_of(text).head(1000)).select("fields").collect()["fields"]
    two = head.list.len() == 2
    pairs = head.filter(two)
    return len(pairs) * 2 > len(head) and pairs.list.first().n_unique() < len(pairs)


def _pairs(text: TextFile) -> pl.LazyFrame:
    """Read one interaction a line."""
    wrong = pl.col("fields").list.len() != 2
    return _lines.words(_lines.lines_of(text)).select(
        "file",
        "line",
        pl.col("fields").list.get(0, null_on_oob=True).alias("user_id"),
        pl.col("fields").list.get(1, null_on_oob=True).alias("item_id"),
        pl.when(wrong).then(pl.lit("expected 2 words")).alias("problem"),
        pl.lit("").alias("problem_column"),
        pl.col("text").alias("problem_value"),
    )
