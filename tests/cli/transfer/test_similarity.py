"""crossrec transfer similarity, from files to a table, JSON and a page."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Run


def test_similarity_is_printed_written_and_told_to_programs(run: Run, shop: Path, tmp_path: Path) -> None:
    words = ("transfer", "similarity", "--data", shop, "--factors", "4", "--shuffles", "19")
    code, said, error = run(*words, "--out", tmp_path / "page.html")
    assert code == 0, error
    assert "books and films" in said and "linear CKA" in said and "Warning" not in said
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    told = json.loads(run(*words, "--json")[1])
    assert told["settings"]["shuffles"] == 19 and len(told["pairs"]) == 1
    assert run(*words, "--out", tmp_path / "no" / "x.html")[0] == 2
    assert run("transfer", "similarity", "--data", shop, "--domains", "films")[0] == 2


def test_a_page_without_the_extra_names_it_before_anything_is_worked_out(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "crossrec.evaluation.likeness.page", raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "crossrec.data.report.paper", raising=False)
    words = ("transfer", "similarity", "--data", shop, "--factors", "2", "--shuffles", "2")
    code, said, error = run(*words, "--out", tmp_path / "page.html")
    assert code != 0 and "pip install 'crossrec[report]'" in error and not said
