from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.simulating.simulate import simulate
from crossrec.data.worlds.presets import preset
from crossrec.data.worlds.truth import Truth, open_truth


@dataclass(frozen=True)
class Simulation:
    data: Dataset
    truth: Truth

    def rows(self, domain: str) -> pl.DataFrame:
        """Return a domain's rows with numbers of users and items."""
        number = [(pl.col(f"{name}_id").cast(pl.Int64) - 1).alias(name) for name in ("user", "item")]
        time = pl.from_epoch("timestamp", time_unit="ms").alias("time")
        kind = pl.col("interaction_type").cast(pl.String).alias("kind")
        return self.data.rows(domain).with_columns(*number, time, kind).collect()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    out: Path = tmp_path_factory.mktemp("worlds") / "small"
    simulate(preset("small"), out)
    return Simulation(open_dataset(out), open_truth(out))
