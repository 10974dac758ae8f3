from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_import_says_what_was_taken_and_what_was_not(run: Run, ratings: Path, tmp_path: Path) -> None:
    with (ratings / "ratings.csv").open("a") as file:
        file.write("1,101,9.5,1400000000\n1,101\n")
    out = tmp_path / "data"
    code, said, _ = run("data", "import", "movielens", ratings, "--domain", "films", "--out", out, "--json")
    summary = json.loads(said)
    assert code == 0
    assert summary["rows_in"] == summary["rows"] + sum(summary["quarantined"].values())
    assert sum(summary["quarantined"].values()) == 2


def test_a_wrong_source_names_the_nearest_and_leaves_nothing(run: Run, ratings: Path, tmp_path: Path) -> None:
    code, _, error = run("data", "import", "movilens", ratings, "--domain", "films", "--out", tmp_path / "data")
    assert code == 3 and "did you mean 'movielens'" in error
    assert not (tmp_path / "data").exists()


def test_a_missing_path_is_not_found(run: Run, tmp_path: Path) -> None:
    code, _, error = run(
        "data", "import", "movielens", tmp_path / "nothing", "--domain", "films", "--out", tmp_path / "data"
    )
    assert code == 3 and "nothing" in error


def test_import_again_needs_replace(run: Run, data: Path, ratings: Path) -> None:
    again = ("data", "import", "movielens", ratings, "--domain", "films", "--out", data)
    assert run(*again)[0] == 2
    assert run(*again, "--replace")[0] == 0


def test_a_typo_in_a_source_option_is_named(run: Run, ratings: Path, tmp_path: Path) -> None:
    code, _, error = run(
        "data",
        "import",
        "movielens",
        ratings,
        "--domain",
        "films",
        "--out",
        tmp_path / "data",
        "--option",
        "rating=1-5",
    )
    assert code == 2 and "rating" in error


def test_check_reports_and_fails_on_a_damaged_file(run: Run, data: Path) -> None:
    code, said, _ = run("data", "check", data, "--json")
    report = json.loads(said)
    assert code == 0 and report["domains"][0]["users"] == 30
    table = data / "films" / "interactions.parquet"
    table.write_bytes(table.read_bytes()[:-200])
    assert run("data", "check", data)[0] != 0


def test_check_writes_a_page(run: Run, data: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code, said, told = run("data", "check", data, "--html", page, "--json")
    assert code == 0 and json.loads(said)["ok"] and "report.html" in told
    assert page.read_text(encoding="utf-8").count("<svg") >= 9


def test_a_page_needs_a_folder_that_is_there_and_its_extra(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, error = run("data", "check", data, "--html", tmp_path / "no" / "report.html")
    assert code == 2 and "--html" in error
    for name in [name for name in sys.modules if name.startswith("crossrec.data.report.page")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    code, _, error = run("data", "check", data, "--html", tmp_path / "report.html")
    assert code == 5 and "crossrec[report]" in error and not (tmp_path / "report.html").exists()
