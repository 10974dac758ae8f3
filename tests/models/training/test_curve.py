"""The picture of a learning curve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, Unavailable
from crossrec.models.training.curve import draw_curve

WITH_EXAM = json.dumps({"loss": [3.0, 2.0, 1.5], "ndcg": [0.1, None, 0.3], "best": 2})
WITHOUT = json.dumps({"loss": [3.0], "ndcg": [None], "best": 0})


def test_loss_and_exam_are_drawn(tmp_path: Path) -> None:
    draw_curve(WITH_EXAM, tmp_path / "a.svg")
    draw_curve(WITHOUT, tmp_path / "b.png")
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()[:600]
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")


def test_another_form_and_no_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="svg"):
        draw_curve(WITHOUT, tmp_path / "a.doc")
    with pytest.raises(Unavailable, match="cannot be written"):
        draw_curve(WITHOUT, tmp_path / "no" / "a.svg")
