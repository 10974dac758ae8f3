"""crossrec train gated, recommend, transfer report and drill, from files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Run


def test_a_gated_bundle_serves_all_domains(run: Run, shop: Path, tmp_path: Path) -> None:
    code, said, error = run("train", "gated", "--data", shop, "--out", tmp_path / "m", "--domains", "films,books")
    assert code == 0, error
    assert "books, 0 items had:" in said and "transfer helps" in said
    card = json.loads((tmp_path / "m" / "card.json").read_text())
    assert len(card["decided"]) == 10
    for domain in ("films", "books"):
        words = ("recommend", "--model", tmp_path / "m", "--user", "u001", "--domain", domain, "-k", "3", "--json")
        items = json.loads(run(*words)[1])
        assert len(items) == 3 and all(one["item_id"].startswith(domain) for one in items)


def test_a_report_is_printed_written_and_told_to_programs(run: Run, shop: Path, tmp_path: Path) -> None:
    code, said, error = run("transfer", "report", "--data", shop, "--out", tmp_path / "report.html")
    assert code == 0, error
    assert "protocol first-touch" in said and "films -> books" in said and "the gate -> books" in said
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    told = json.loads(run("transfer", "report", "--data", shop, "--protocol", "random", "--json")[1])
    assert told["protocol"]["name"] == "random" and told["metric"] == "ndcg@10" and told["drills"] == []
    assert run("transfer", "report", "--data", shop, "--out", tmp_path / "no" / "x.html")[0] == 2


def test_a_page_without_the_extra_names_it_before_anything_is_worked_out(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "crossrec.evaluation.transferring.page", raising=False)
    monkeypatch.delitem(sys.modules, "crossrec.data.report.paper", raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    code, said, error = run("transfer", "report", "--data", shop, "--out", tmp_path / "report.html")
    assert code != 0 and "pip install 'crossrec[report]'" in error and not said


def test_curves_are_drawn_into_the_page(run: Run, shop: Path, tmp_path: Path) -> None:
    page = tmp_path / "curves.html"
    code, said, error = run("transfer", "report", "--data", shop, "--out", page, "--curves", "--json")
    assert code == 0, error
    assert {one["target"] for one in json.loads(said)["drills"]} == {"films", "books"}
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 4 and "First acts in books" in text


def test_a_drill_is_printed_and_told_to_programs(run: Run, shop: Path) -> None:
    code, said, error = run("transfer", "drill", "--data", shop, "--target", "books")
    assert code == 0, error
    assert "transfer - control" in said
    assert (
        json.loads(run("transfer", "drill", "--data", shop, "--target", "books", "--json")[1])["steps"][0]["acts"] == 0
    )
    assert run("transfer", "drill", "--data", shop, "--target", "plays")[0] == 3
    code, said, error = run("transfer", "drill", "--data", shop, "--target", "books", "--hold", "items")
    assert code == 0 and "8 items and" in said, error
