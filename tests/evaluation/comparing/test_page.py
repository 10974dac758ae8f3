"""The page of a leaderboard: whole, self-contained, with its plots, and nothing from outside as markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from stubs import ByCount, Walk, many

from crossrec.core.errors import InvalidInput, Unavailable
from crossrec.evaluation.comparing.compare import compare
from crossrec.evaluation.comparing.leaderboard import Leaderboard
from crossrec.evaluation.comparing.page import html_leaderboard, write_html_leaderboard
from crossrec.evaluation.comparing.writing import check_folder, write_leaderboard
from crossrec.evaluation.protocol import Protocol

EVIL = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    models = {EVIL: Walk(), "down": ByCount(-1.0)}
    return compare(models, many(), Protocol("leave-last-out", k=5), resamples=50)


def test_the_page_has_its_plots_and_loads_nothing(board: Leaderboard) -> None:
    text = html_leaderboard(board)
    assert text == html_leaderboard(board)
    for title in ("Accuracy against cost", "Accuracy against coverage", "By history", "Differences", "Settings"):
        assert f"<h3>{title}</h3>" in text
    assert text.count("<svg ") >= 3
    assert not re.search(r"(src|href)=\"(?!#)", text)
    assert board.report.protocol["hash"] in text and board.report.protocol["split_hash"] in text


def test_names_from_outside_are_no_markup(board: Leaderboard) -> None:
    text = html_leaderboard(board)
    assert "<script" not in text and "&lt;script&gt;" in text


def test_one_model_without_draws_makes_a_page() -> None:
    board = compare({"walk": Walk()}, many(), Protocol("random", k=5), baselines=False, resamples=0)
    text = html_leaderboard(board)
    assert "Accuracy against cost" in text and "<h3>Differences</h3>" not in text


def test_drawn_candidates_are_named_everywhere() -> None:
    board = compare({"walk": Walk()}, many(), Protocol("leave-last-out", k=5, sampled=9), resamples=20)
    assert board.goal == "ndcg@5 sampled@9" and board.best is not None
    text = html_leaderboard(board)
    assert "Accuracy against coverage" in text and "By history" in text
    assert "ndcg@5 sampled@9" in str(board) and "warning: lists rank" in board.markdown()


def test_a_folder_gets_three_files(board: Leaderboard, tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "board")
    write_leaderboard(board, tmp_path / "new" / "board")
    files = {path.name: path.read_text() for path in (tmp_path / "new" / "board").iterdir()}
    assert sorted(files) == ["leaderboard.html", "leaderboard.json", "leaderboard.md"]
    assert all(board.report.protocol["hash"] in text for text in files.values())


def test_a_place_that_is_no_folder_is_refused(board: Leaderboard, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InvalidInput, match="expected a folder"):
        check_folder(tmp_path / "file")
    with pytest.raises(Unavailable):
        check_folder(tmp_path / "file" / "board")
    with pytest.raises(Unavailable):
        write_html_leaderboard(board, tmp_path / "nowhere" / "page.html")
