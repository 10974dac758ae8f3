"""ALS that learned on Spark: lists like our own, from a bundle that needs no Spark."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.data.steps.conftest import frame_of

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.data.engine import open_engine
from crossrec.data.storing.writing import Content, write_domains
from crossrec.models.boards import checkerboard
from crossrec.models.classic.als import ALS
from crossrec.wiring import train_bundle

ASK = """
import json, sys
from pathlib import Path
from crossrec.models.storage import load
model = load(Path(sys.argv[1]))
lists = model.recommend(json.loads(sys.argv[2]), k=5)
print(json.dumps({"lists": lists.ids(), "spark": "pyspark" in sys.modules}))
"""


def tastes(users: int = 240, items: int = 120, groups: int = 6) -> pl.DataFrame:
    """Users of six tastes, each with twelve of the twenty items of its own, the popular ones first, and some others."""
    dice = np.random.default_rng(5)
    chances = np.linspace(2, 0.5, items // groups)
    pairs = []
    for user in range(users):
        own = dice.choice(items // groups, 12, replace=False, p=chances / chances.sum()) * groups + user % groups
        pairs += [(f"u{user}", f"i{item}") for item in {*own.tolist(), *dice.integers(0, items, 3).tolist()}]
    return frame_of(user_id=[user for user, _ in pairs], item_id=[item for _, item in pairs])


@pytest.fixture
def on_spark(spark_home: None, tmp_path: Path) -> object:
    (tmp_path / "workspace").mkdir()
    return open_engine("spark", tmp_path / "workspace")


def test_its_lists_are_like_our_own(on_spark: object, tmp_path: Path) -> None:
    train = Interactions.from_frame(tastes().select("user_id", "item_id"))
    settings = {"factors": 8, "epochs": 12, "l2": 2.0, "alpha": 8.0}
    ours = ALS(**settings).fit(train)  # type: ignore[arg-type]  # numbers of both kinds
    theirs = ALS(**settings).fit_on(train, on_spark, tmp_path)  # type: ignore[arg-type]
    mine, others = (model.recommend(train.user_ids.ids.tolist(), k=8).items for model in (ours, theirs))
    overlap = np.mean(
        [len(set(left) & set(right)) / 8 for left, right in zip(mine.tolist(), others.tolist(), strict=True)]
    )
    assert overlap > 0.75  # two lists at random from what is left share 0.08
    scale = float(np.linalg.norm(theirs.items_) / np.linalg.norm(ours.items_))
    assert 0.7 < scale < 1.4  # so that l2 means the same when a history is solved


def test_it_learns_the_board(on_spark: object, tmp_path: Path) -> None:
    board = checkerboard()
    model = ALS(factors=8, epochs=10).fit_on(board, on_spark, tmp_path)  # type: ignore[arg-type]
    lists = model.recommend(board.user_ids.ids.tolist(), k=1)
    assert [row[0] % 2 for row in lists.items.tolist()] == [code % 2 for code in range(len(board.user_ids))]


def test_a_bundle_is_served_without_spark(spark_home: None, tmp_path: Path) -> None:
    write_domains(tmp_path / "data", {"films": Content(tastes().lazy(), "tables")})
    settings = {"factors": "6", "epochs": "5"}
    bundle = train_bundle("als", tmp_path / "data", tmp_path / "model", settings=settings, engine="spark")
    assert bundle.card.data["engine"] == "spark" and bundle.card.settings["factors"] == 6
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own code
        [sys.executable, "-c", ASK, str(tmp_path / "model"), json.dumps(["u0", "u1", "nobody"])],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert not said["spark"]
    groups = [[int(item[1:]) % 6 for item in items] for items in said["lists"][:2]]
    assert groups[0].count(0) >= 4 and groups[1].count(1) >= 4
    assert len(said["lists"][2]) == 5  # a stranger gets what is popular


def test_other_models_and_engines_are_refused(tmp_path: Path) -> None:
    write_domains(tmp_path / "data", {"films": Content(tastes().lazy(), "tables")})
    with pytest.raises(InvalidInput, match="expected a model that learns on it"):
        train_bundle("ease", tmp_path / "data", tmp_path / "model", engine="spark")
    with pytest.raises(InvalidInput, match="engine that factorises"):
        ALS().fit_on(checkerboard(), open_engine("polars", tmp_path), tmp_path)
    assert not (tmp_path / "model").exists()
