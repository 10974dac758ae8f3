"""ONNX: what another program says with a file is what the model says."""

from __future__ import annotations

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
from crossrec.models.recommender import as_queries
from crossrec.models.sequence.bert4rec import BERT4Rec
from crossrec.models.sequence.sasrec import SASRec
from crossrec.models.training.export import export_onnx

SEQUENCES: dict[str, Any] = {"sasrec": SASRec, "bert4rec": BERT4Rec}


@pytest.fixture(scope="module", params=SEQUENCES)
def fitted(request: pytest.FixtureRequest) -> Any:
    kind = SEQUENCES[request.param]
    return kind(**{**kind.small, "epochs": 3, "longest": 9}).fit(checkerboard())


def asked(model: Any, histories: list[list[int]], places: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return what ONNX is asked and what the model says."""
    queries = [Query(history=tuple(Act(f"i{code:03d}") for code in history)) for history in histories]
    table = np.full((len(histories), places), 5, dtype=np.int64)  # behind the end may stand anything
    for row, history in enumerate(histories):
        table[row, : len(history)] = history
    lengths = np.array([len(history) for history in histories], dtype=np.int64)
    return {"items": table, "lengths": lengths}, model.score(as_queries(model, queries)).values


def test_onnxruntime_says_what_the_model_says(fitted: Any, tmp_path: Path) -> None:
    export_onnx(fitted, tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    assert [one.name for one in session.get_inputs()] == ["items", "lengths"]
    for histories in ([[3]], [[1, 2, 3]], [[4], [7, 8, 9, 1], [0, 2]], [[1, 3, 5, 7, 9, 11, 13, 15]] * 5):
        for more in (0, 1):
            places = min(max(map(len, histories)) + more, 8)
            inputs, expected = asked(fitted, histories, places)
            (found,) = session.run(["scores"], inputs)
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_file_says_what_its_columns_are(fitted: Any, tmp_path: Path) -> None:
    export_onnx(fitted, tmp_path / "net.onnx")
    told = onnxruntime.InferenceSession(tmp_path / "net.onnx").get_modelmeta().custom_metadata_map
    assert json.loads(told["items"]) == fitted.catalogue_.ids.series.to_list()
    assert told["model"] == type(fitted).__name__
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def test_what_is_not_fitted_or_cannot_be_written_is_refused(fitted: Any, tmp_path: Path) -> None:
    with pytest.raises(NotFitted, match="SASRec is not fitted"):
        export_onnx(SASRec(), tmp_path / "net.onnx")
    with pytest.raises(Unavailable, match="cannot be written"):
        export_onnx(fitted, tmp_path / "nowhere" / "net.onnx")


def test_a_missing_package_is_named(fitted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'crossrec\[onnx\]'"):
        export_onnx(fitted, tmp_path / "net.onnx")
