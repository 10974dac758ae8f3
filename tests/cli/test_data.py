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
    table = next((data / "films" / "interactions").rglob("*.parquet"))
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
    for name in [name for name in sys.modules if name.startswith("crossrec.data.report.pa")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    code, _, error = run("data", "check", data, "--html", tmp_path / "report.html")
    assert code == 5 and "crossrec[report]" in error and not (tmp_path / "report.html").exists()


def test_refused_rows_can_be_found_from_the_command_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("user_id,item_id,rating\na,x,5\nb,,4\nc,y,nan\n")
    code, said, _ = run("data", "import", "tables", tmp_path / "x.csv", "--domain", "shop", "--out", tmp_path / "d")
    assert code == 0
    assert "quarantined 1: item_id is missing (first: x.csv, row 3, column item_id: '')" in said
    code, said, _ = run("data", "quarantine", tmp_path / "d", "--reason", "NaN", "--json")
    assert code == 0
    assert json.loads(said) == [
        {"domain": "shop", "file": "x.csv", "row": 4, "column": "rating", "reason": "rating is NaN", "value": "nan"}
    ]
    code, said, error = run("data", "quarantine", tmp_path / "d", "--limit", "1")
    assert code == 0 and "1 of 2 rows" in error


def test_files_are_added_and_versions_listed_and_dropped(run: Run, tmp_path: Path) -> None:
    for month in ("may", "june"):
        (tmp_path / f"{month}.csv").write_text(f"user_id,item_id\na,{month}\n")
        words = ("data", "import", "tables", tmp_path / f"{month}.csv", "--domain", "shop", "--out", tmp_path / "d")
        assert run(*words, "--append")[0] == 0
    code, said, _ = run("data", "versions", tmp_path / "d", "--json")
    assert [one["rows"] for one in json.loads(said)] == [{"shop": 2}, {"shop": 1}]
    code, said, _ = run("data", "versions", tmp_path / "d", "--keep", "1")
    assert code == 0 and "1 versions taken away" in said
    assert run(*words, "--append", "--replace")[0] == 2


def test_an_option_that_a_source_does_not_have_is_told_with_all_it_has(run: Run, ratings: Path, tmp_path: Path) -> None:
    words = ("data", "import", "movielens", ratings, "--domain", "films", "--out", tmp_path / "data")
    code, _, error = run(*words, "--option", "zzz=ms")
    assert code == 2 and "no option called 'zzz'; There are: " in error
