"""Implicit ALS of Spark's MLlib: vectors of items, and how long those of users are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as all of Spark's pages call it

from crossrec.core.arrays import Floats
from crossrec.data.engine import AlsSettings, ItemFactors

__all__ = ["item_factors"]


def item_factors(cells: DataFrame, settings: AlsSettings, workspace: Path) -> ItemFactors:
    """Run MLlib's ALS; see `Factorises.item_factors`.

    Args:
        cells: `user`, `item`: whole numbers; `strength`, > 0.
        settings: As there.
        workspace: A folder for the items' vectors, which Spark and this process see.
    """
    blocks = max(2, cells.sparkSession.sparkContext.defaultParallelism)
    fitted = ALS(
        rank=settings.factors,
        maxIter=settings.epochs,
        regParam=settings.penalty,
        alpha=settings.alpha,
        implicitPrefs=True,
        userCol="user",
        itemCol="item",
        ratingCol="strength",
        seed=settings.seed,
        numUserBlocks=blocks,
        numItemBlocks=blocks,
    ).fit(cells)
    total = F.aggregate("features", F.lit(0.0), lambda sum_, value: sum_ + value * value)
    users = fitted.userFactors.select(F.sum(total)).collect()[0][0]
    path = workspace / "item-factors"
    fitted.itemFactors.write.mode("overwrite").parquet(f"file://{path.absolute().as_posix()}")
    table = pl.read_parquet(sorted(path.rglob("*.parquet"))).sort("id")
    vectors: Floats = table["features"].explode().to_numpy().astype(np.float32).reshape(-1, settings.factors)
    return ItemFactors(table["id"].to_numpy(), vectors, float(users))
