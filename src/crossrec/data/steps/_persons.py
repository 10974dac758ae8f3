"""Whole persons kept from training, on tables; and how a row's part is written."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import numpy as np

from crossrec.core.errors import InvalidInput, Refused
from crossrec.data.engine import Engine, Table, collected, height
from crossrec.data.step import ORDER, is_taste, place_in

__all__ = ["IDENTITY", "Held", "part_of"]

IDENTITY = ("domain", "user_id", "item_id", "interaction_type", "timestamp", "position")
"""What a row's draw follows from, beside the seed."""


@dataclass(frozen=True)
class Held:
    """Which persons are held out, and what of them is asked for.

    Args:
        validation: Number of persons, or below 1 their share of those with enough rows.
        test: Likewise.
        share: Share of a held person's rows that are asked for, rounded down, at least one.
        fewest: A person with fewer rows is learned from, >= 2.
        seed: Fixes the draws.

    Source: Liang et al. 2018, section 4.1; `data.splitting.persons` does the same on arrays, by other draws.
    """

    validation: float
    test: float
    share: float
    fewest: int
    seed: int

    def parts_of(self, rows: Table, engine: Engine) -> Table:
        """Write the part of each row: "train" for what is learned from and for the histories of held persons.

        Raises:
            InvalidInput: A number is out of its range.
            Refused: There are not that many persons with enough rows, or none is left to learn from.
        """
        if not 0 < self.share < 1 or self.fewest < 2:
            raise InvalidInput(
                f"new-users: expected 0 < held_share < 1 and fewest >= 2, got {self.share} and {self.fewest}"
            )
        counted = rows.filter(is_taste()).group_by("user_id").agg(nw.len().cast(nw.Int64()).alias("#acts"))
        persons = engine.keep(engine.chance(counted, ("user_id",), "#person", self.seed))
        first, second = self._ends(persons)
        held = persons.filter((nw.col("#acts") >= self.fewest) & (nw.col("#person") <= second)).with_columns(
            (nw.col("#person") <= first).alias("#tested")
        )
        drawn = engine.chance(rows, IDENTITY, "#chance", self.seed).with_columns(is_taste().alias("#counts"))
        drawn = drawn.join(held.select("user_id", "#acts", "#tested"), on="user_id", how="left")
        placed = drawn.with_columns(place_in(["user_id", "#counts"], ("#chance", *ORDER)).alias("#place"))
        wanted = (nw.col("#acts").cast(nw.Float64()) * self.share + 1e-9).floor().cast(nw.Int64())
        asked = (nw.col("#counts") & (nw.col("#place") <= nw.max_horizontal(wanted, nw.lit(1)))).alias("#asked")
        known = ~nw.col("#acts").is_null()
        placed = placed.with_columns(asked, nw.col("#tested").fill_null(value=False))
        asked_for = nw.col("#asked") & known
        return placed.with_columns(part_of(test=asked_for & nw.col("#tested"), valid=asked_for))

    def _ends(self, persons: Table) -> tuple[int, int]:
        """Return the last draw of a person of test, and of validation after it; -1 where there is none."""
        draws = np.sort(collected(persons.filter(nw.col("#acts") >= self.fewest))["#person"].to_numpy())
        tested = _count("test_persons", self.test, len(draws))
        held = tested + _count("validation_persons", self.validation, len(draws))
        everyone = height(persons)
        if held > len(draws) or held >= everyone:
            raise Refused(
                f"protocol 'new-users': expected {held - tested} persons for validation, {tested} for test and some to "
                f"learn from, got {len(draws)} with at least {self.fewest} rows of {everyone} in all; ask for fewer, "
                "or lower 'fewest'"
            )
        return int(draws[tested - 1]) if tested else -1, int(draws[held - 1]) if held else -1


def part_of(*, test: nw.Expr, valid: nw.Expr) -> nw.Expr:
    """Name the part of each row; test goes before validation."""
    held = nw.when(valid).then(nw.lit("valid")).otherwise(nw.lit("train"))
    return nw.when(test).then(nw.lit("test")).otherwise(held).alias("split")


def _count(name: str, told: float, persons: int) -> int:
    """Read a number of persons, or a share of them, rounded half up; a hair is forgiven."""
    if told < 0 or (told >= 1 and told != int(told)):
        raise InvalidInput(f"{name}: expected a whole number of persons, or a share from 0 to below 1, got {told}")
    return int(told) if told >= 1 else int(told * persons + 0.5 + 1e-9)
