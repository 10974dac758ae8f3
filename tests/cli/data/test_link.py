"""One person across domains, from the command line: linked, counted, taken apart; no address is ever shown."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run

ADDRESS = "ann@example.org"


@pytest.fixture
def two(run: Run, data: Path, tmp_path: Path) -> Path:
    """Films with users 1 to 30, and books with users a and b."""
    books = tmp_path / "books.csv"
    books.write_text("user_id,item_id\na,x\nb,x\na,y\n")
    code, _, error = run("data", "import", "tables", books, "--domain", "books", "--out", data)
    assert code == 0, error
    return data


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "accounts.csv"
    path.write_text(text)
    return path


def test_linked_persons_are_counted_in_a_matrix_with_shares(run: Run, two: Path, tmp_path: Path) -> None:
    links = table(tmp_path, "domain,user_id,person_id,consent\nfilms,1,ann,yes\nbooks,a,ann,yes\nbooks,b,bob,no\n")
    code, said, _ = run("data", "link", two, "--table", links)
    assert code == 0 and "rows 3, linked 2, known 0, without consent 1" in said
    assert "1 (50%)" in said and "1 (3%)" in said and "30 (100%)" in said
    code, said, _ = run("data", "link", two, "--json")
    found = json.loads(said)
    assert found["persons_in_common"] == {"books": {"books": 2, "films": 1}, "films": {"books": 1, "films": 30}}
    assert found["share_of_the_first"]["books"]["films"] == 0.5
    code, said, _ = run("data", "check", two)
    assert code == 0 and "books & films: 1 users in both" in said


def test_an_address_is_removed_from_stdin_and_never_shown(
    run: Run, two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSREC_LINK_SECRET", "a secret of the company")
    links = table(tmp_path, f"domain,user_id,email\nfilms,1,{ADDRESS}\nbooks,a,{ADDRESS}\n")
    assert run("data", "link", two, "--table", links)[0] == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("eve@example.org\n"))
    code, said, error = run("data", "link", two, "--remove-address")
    assert code == 3 and "no such person is linked" in error and "example" not in said + error
    monkeypatch.setattr("sys.stdin", io.StringIO(f" {ADDRESS.upper()}\n"))
    code, said, error = run("data", "link", two, "--remove-address", "--json")
    assert code == 0 and json.loads(said)["removed_accounts"] == 2 and "example" not in said + error
    assert json.loads(said)["persons_in_common"]["books"]["films"] == 0
    code, said, _ = run("data", "link", two, "--table", links)
    assert code == 0 and "removed before 2" in said and "linked 0" in said
    monkeypatch.setattr("sys.stdin", io.StringIO("no address\n"))
    assert run("data", "link", two, "--remove-address")[0] == 2


def test_bad_use_is_refused(run: Run, two: Path, tmp_path: Path) -> None:
    links = table(tmp_path, "domain,user_id,person_id\nfilms,1,ann\n")
    code, _, error = run("data", "link", two, "--table", links, "--remove", "ann")
    assert code == 2 and "expected one of --table, --remove and --remove-address" in error
    assert run("data", "link", two, "--table", tmp_path / "none.csv")[0] == 2
    assert run("data", "link", tmp_path / "none", "--remove", "ann")[0] == 3
    assert not (tmp_path / "none").exists()
    code, _, error = run("data", "link", two, "--table", table(tmp_path, "domain,user_id\nfilms,1\n"))
    assert code == 2 and "either a column 'person_id' or a column 'email'" in error
