"""ONNX: what another program says with a file is what the model says."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from crossrec.core.errors import MissingExtra, NotFitted, Unavailable
from crossrec.core.query import Act, Query
from crossrec.models.boards import checkerboard
from crossrec.models.graph.lightgcn import LightGCN
from crossrec.models.recommender import MODELS, as_queries
from crossrec.models.sequence.sasrec import SASRec
from crossrec.models.training.export import export_onnx

EXPORTED = [name for name in MODELS.paths() if hasattr(MODELS.load(name), "exported")]
HISTORIES = ([[3]], [[1, 2, 3]], [[4], [7, 8, 9, 1], [0, 2]], [[1, 3, 5, 7, 9, 11, 13, 15]] * 5)


Written = tuple[Any, Path]


@pytest.fixture(scope="module", params=EXPORTED)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A fitted model and its file."""
    kind: Any = MODELS.load(request.param)
    known = {field.name for field in dataclasses.fields(kind)}
    short = {name: value for name, value in {"epochs": 3, "longest": 9}.items() if name in known}
    model = kind(**{**kind.small, **short}).fit(checkerboard())
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    export_onnx(model, path)
    return model, path


def inputs_of(names: list[str], histories: list[list[int]], places: int, items: int) -> dict[str, np.ndarray]:
    """Return what ONNX is asked."""
    if names == ["history"]:
        history = np.zeros((len(histories), items), dtype=np.float32)
        for row, mine in enumerate(histories):
            history[row, mine] = 1
        return {"history": history}
    if names == ["acts"]:  # a kind of act beside the item; the board has one kind
        acts = np.zeros((len(histories), 1, items), dtype=np.float32)
        for row, mine in enumerate(histories):
            acts[row, 0, mine] = 1
        return {"acts": acts}
    assert names == ["items", "lengths"]
    table = np.full((len(histories), places), 5, dtype=np.int64)  # behind the end may stand anything
    for row, mine in enumerate(histories):
        table[row, : len(mine)] = mine
    return {"items": table, "lengths": np.array([len(mine) for mine in histories], dtype=np.int64)}


def test_onnxruntime_says_what_the_model_says(written: Written) -> None:
    model, path = written
    session = onnxruntime.InferenceSession(path)
    names = [one.name for one in session.get_inputs()]
    for histories in HISTORIES:
        asked = [Query(history=tuple(Act(f"i{code:03d}") for code in mine)) for mine in histories]
        expected = model.score(as_queries(model, asked)).values
        longest = max(map(len, histories))
        for places in {longest, min(longest + 1, 8)}:
            (found,) = session.run(["scores"], inputs_of(names, histories, places, 24))
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_file_says_what_its_columns_are_and_lies_alone(written: Written) -> None:
    model, path = written
    told = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    assert json.loads(told["items"]) == model.catalogue_.ids.series.to_list()
    assert told["model"] == type(model).__name__
    assert [other.name for other in path.parent.iterdir()] == ["net.onnx"]


def test_what_is_not_fitted_or_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFitted, match="SASRec is not fitted"):
        export_onnx(SASRec(), tmp_path / "net.onnx")
    model = LightGCN(factors=4, epochs=1).fit(checkerboard())
    with pytest.raises(Unavailable, match="cannot be written"):
        export_onnx(model, tmp_path / "nowhere" / "net.onnx")


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = LightGCN(factors=4, epochs=1).fit(checkerboard())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'crossrec\[onnx\]'"):
        export_onnx(model, tmp_path / "net.onnx")
