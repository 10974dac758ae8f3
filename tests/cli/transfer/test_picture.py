"""crossrec transfer picture, from files to a page and to print."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_a_picture_is_drawn_as_a_page_and_for_print(run: Run, shop: Path, tmp_path: Path) -> None:
    words = ("transfer", "picture", "--data", shop, "--factors", "4", "--most", "40", "--perplexity", "10")
    code, said, error = run(*words, "--out", tmp_path / "page.html")
    assert code == 0, error
    assert "items: 80 of books, films" in said and "picture written to" in error
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<circle") == 160
    told = json.loads(run(*words, "--out", tmp_path / "page.png", "--json")[1])
    assert (tmp_path / "page.png").is_file() and len(told["clouds"][1]["places"]) == 80
    code, _, error = run(*words, "--out", tmp_path / "page.gif")
    assert code == 2 and ".html, .svg, .png" in error
    assert run(*words, "--out", tmp_path / "no" / "x.svg")[0] == 2
