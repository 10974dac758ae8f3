"""Negatives: items that a user did not touch, drawn for each act, with the chance of each draw."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import Dataset
from crossrec.data.engine import LARGEST_CHANCE, Engine, Table, collected, having, height, on_disk, open_engine
from crossrec.data.step import is_taste
from crossrec.data.storing.transaction import disk_errors, workspace_beside

__all__ = ["Drawn", "Negatives", "NegativesWritten", "write_negatives"]

_UNITS = 2**30
"""Weights are whole numbers, the most popular item has this many: sums are exact, whatever their order."""
_ACT = ("domain", "user_id", "item_id", "timestamp", "position")
_PARTS = {"train": ["train"], "valid": ["train", "valid"], "test": ["train", "valid", "test"]}
_Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Drawn:
    """What was drawn.

    Args:
        table: `domain, user_id, item_id` (the act's), `timestamp, position`, `draw` (0 …), `negative` (the item
            drawn) and `probability` (Float64, of that item in one draw among all that the user did not touch).
        wanted: Draws asked for.
        short: Draws that found no item, since the user touched (nearly) all.
    """

    table: Table
    wanted: int
    short: int


@dataclass(frozen=True)
class Negatives:
    """Draw items of the same domain for every act that says something about taste, with replacement.

    A draw follows from the act, its number and the seed alone, so it is the same on every engine. The items of each
    domain pass through this machine's memory once.

    Args:
        per_positive: Draws for each act, >= 1.
        power: 0 draws all items alike, 1 by their number of acts, 0.75 as word2vec does; in [0, 2].
        part: Draw for acts of this part of the split only: "train", "valid" or "test"; what the user touches in later
            parts stays unknown, and may be drawn. Empty draws for all acts.
        tries: A draw that hits a touched item is repeated, so many times at most, >= 1.
        seed: Fixes the draws.

    Source: the alias method, Vose 1991; popularity to a power after Mikolov et al. 2013.
    """

    per_positive: int = 4
    power: float = 0.0
    part: str = ""
    tries: int = 50
    seed: int = 0

    def __call__(self, rows: Table, engine: Engine, workspace: Path) -> Drawn:
        """Draw for a table of interactions.

        Args:
            rows: Interactions.
            engine: Theirs.
            workspace: An existing folder that the engine reads, for the items' chances.

        Raises:
            InvalidInput: A setting is out of its range, or there is no act to draw for.
        """
        if self.per_positive < 1 or self.tries < 1 or not 0 <= self.power <= 2 or self.part not in ("", *_PARTS):
            raise InvalidInput(
                "negatives: expected per_positive and tries >= 1, power in 0 to 2 and part train, valid, test or "
                f"empty, got {self.per_positive}, {self.tries}, {self.power}, '{self.part}'"
            )
        known = rows.filter(nw.col("split").is_in(_PARTS[self.part])) if self.part else rows
        acts = rows.filter(is_taste(), *[nw.col("split") == self.part] if self.part else []).select(*_ACT)
        counts = known.with_columns(is_taste().cast(nw.Int64()).alias("#taste")).group_by("domain", "item_id")
        items = collected(counts.agg(nw.col("#taste").sum().alias("acts"))).sort("domain", "item_id")
        wanted = height(acts) * self.per_positive
        if not wanted:
            raise InvalidInput(
                f"negatives: expected acts to draw for, got none{f' in {self.part}' if self.part else ''}"
            )
        touched = engine.keep(known.select("domain", "user_id", "item_id").unique())
        pl.DataFrame({"draw": np.arange(self.per_positive)}).write_parquet(workspace / "turns.parquet")
        turns = engine.scan([workspace / "turns.parquet"])
        tables, short = [], 0
        for (domain,), frame in items.partition_by("domain", as_dict=True).items():
            chances = _Chances.of(frame, self.power, engine, workspace)
            here = nw.col("domain") == domain
            drawn, left = self._draw(acts.filter(here), turns, touched.filter(here), chances, engine)
            tables.append(drawn)
            short += left
        return Drawn(nw.concat(tables), wanted, short)

    def _draw(self, acts: Table, turns: Table, touched: Table, chances: _Chances, engine: Engine) -> tuple[Table, int]:
        """Draw for the acts of one domain, each in every turn; return the draws and how many found nothing."""
        todo = acts.join(turns, how="cross")
        columns = [*_ACT, "draw"]
        away = touched.rename({"item_id": "negative"})
        found, left = [], -1
        for attempt in range(self.tries):
            tried = todo.with_columns(nw.lit(attempt).cast(nw.Int64()).alias("#try"))
            tried = engine.chance(tried, [*columns, "#try"], "#slot", self.seed)
            tried = engine.chance(tried, ["#try", *columns], "#coin", self.seed)
            tried = engine.keep(chances.chosen(tried).select(*columns, "negative", "#units"))
            on = ["domain", "user_id", "negative"]
            found.append(having(engine, tried, away, on, there=False))
            todo = engine.keep(having(engine, tried, away, on).select(columns))
            left = height(todo)
            if not left:
                break
        weighed = touched.join(chances.units, on=["domain", "item_id"], how="inner")
        rest = chances.total - nw.col("#of_item").sum()
        open_to = weighed.group_by("domain", "user_id").agg(rest.alias("#open"))
        drawn = nw.concat(found).join(open_to, on=["domain", "user_id"], how="inner")
        share = nw.col("#units").cast(nw.Float64()) / nw.col("#open").cast(nw.Float64())
        return drawn.with_columns(share.alias("probability")).select(*columns, "negative", "probability"), left


@dataclass(frozen=True)
class NegativesWritten:
    """What `write_negatives` did; `wanted` = `rows` + `short`.

    Args:
        path: The file.
        wanted: Draws asked for.
        rows: Draws written.
        short: Draws that found no item, since the user touched all.
    """

    path: Path
    wanted: int
    rows: int
    short: int

    def __str__(self) -> str:
        without = f"; {self.short:,} found none, their users touched nearly all" if self.short else ""
        return f"{self.rows:,} of {self.wanted:,} negatives in {self.path}{without}"


def write_negatives(
    data: Dataset,
    out: Path,
    draws: Negatives,
    *,
    domains: Sequence[str] | None = None,
    engine: str = "polars",
    master: str = "",
) -> NegativesWritten:
    """Draw negatives for domains of a data set into one Parquet file.

    Args:
        data: The data set.
        out: The file; replaced if it is there. For its columns see `Drawn`.
        draws: What to draw.
        domains: Names; None takes all.
        engine: "polars" or "spark".
        master: Of the cluster; see `open_engine`.

    Raises:
        InvalidInput: A setting is out of its range, there is no act to draw for, or `out` is a folder.
        NotFound: No such domain, or engine.
        Unavailable: The engine or the disk does not answer.
    """
    names = sorted(data.domains if domains is None else domains)
    if out.is_dir():
        raise InvalidInput(f"'{out}': expected the name of a file to write, got a folder")
    with disk_errors(out, "the negatives"), workspace_beside(out) as workspace:
        with closing(open_engine(engine, workspace, master=master)) as runs:
            rows = runs.scan([path for name in names for path in data.files(name)])
            drawn = draws(rows, runs, workspace)
            found = runs.keep(drawn.table)
            count = height(found)
            if count + drawn.short != drawn.wanted:
                raise RuntimeError(f"negatives: {drawn.wanted} wanted, {count} found and {drawn.short} not")
            on_disk(found, runs, workspace / "rows").sink_parquet(workspace / "fresh.parquet", compression="zstd")
        (workspace / "fresh.parquet").replace(out)
    return NegativesWritten(out, drawn.wanted, count, drawn.short)


@dataclass(frozen=True)
class _Chances:
    """The items of one domain as slots of equal chance, each shared by two items at most.

    Args:
        slots: `#slot`, `#limit` (a coin below it takes the first item), both items and their weights.
        units: `domain, item_id, #of_item`: each item's weight in whole units.
        count: Slots.
        total: All units.
    """

    slots: Table
    units: Table
    count: int
    total: int

    @classmethod
    def of(cls, items: pl.DataFrame, power: float, engine: Engine, workspace: Path) -> _Chances:
        """Build the slots of one domain's items: `domain, item_id, acts`."""
        acts = np.maximum(items["acts"].to_numpy(), 1).astype(np.float64) ** power
        units = np.maximum(np.rint(acts / acts.max() * _UNITS), 1).astype(np.int64)
        limits, others = _aliases(units)
        table = items.select("domain", pl.col("item_id").alias("#first")).with_columns(
            pl.Series("#of_item", units),
            pl.Series("#limit", limits),
            pl.Series("#slot", np.arange(len(units))),
            items["item_id"].gather(others).alias("#second"),
            pl.Series("#of_second", units[others]),
        )
        path = workspace / f"chances-{items['domain'][0]}.parquet"
        table.write_parquet(path)
        slots = engine.scan([path])
        named = slots.select("domain", nw.col("#first").alias("item_id"), "#of_item")
        return cls(slots.drop("domain"), named, len(units), int(units.sum()))

    def chosen(self, draws: Table) -> Table:
        """Turn `#slot` and `#coin`, two numbers of chance, into `negative` and `#units`."""
        placed = draws.with_columns(nw.col("#slot") % self.count).join(self.slots, on="#slot", how="inner")
        first = nw.col("#coin") < nw.col("#limit")
        return placed.with_columns(
            nw.when(first).then(nw.col("#first")).otherwise(nw.col("#second")).alias("negative"),
            nw.when(first).then(nw.col("#of_item")).otherwise(nw.col("#of_second")).alias("#units"),
        )


def _aliases(units: _Numbers) -> tuple[_Numbers, _Numbers]:
    """Return the limit of each slot's first item, and the place of its second."""
    limits, others = np.full(len(units), LARGEST_CHANCE, np.int64), np.arange(len(units))
    _share_out(units.astype(np.float64) * (len(units) / float(units.sum())), limits, others)
    return limits, others


@numba.njit(cache=True)
def _share_out(chances: Any, limits: _Numbers, others: _Numbers) -> None:  # pragma: no cover - compiled
    """Fill up each slot below one with a part of an item above one; the mean of the chances is one."""
    small, large = np.flatnonzero(chances < 1.0), np.flatnonzero(chances >= 1.0)
    poor, rich = len(small) - 1, len(large) - 1
    stack = np.empty(len(chances), np.int64)
    stack[: len(small)] = small
    while poor >= 0 and rich >= 0:
        low, high = stack[poor], large[rich]
        limits[low], others[low] = np.int64(chances[low] * 9.2233720368547e18), high
        chances[high] -= 1.0 - chances[low]
        poor -= 1
        if chances[high] < 1.0:
            rich -= 1
            poor += 1
            stack[poor] = high
