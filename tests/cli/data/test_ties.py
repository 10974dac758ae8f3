"""Friends become a domain, and models of several domains learn from them, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run


@pytest.fixture
def music(run: Run, tmp_path: Path) -> Path:
    """Plays of six persons, and who is whose friend, in the form of Last.fm's files."""
    folder = tmp_path / "lastfm"
    folder.mkdir()
    plays = [f"{user}\t{50 + user % 2 * 5 + n}\t{9 + n}" for user in range(2, 8) for n in range(4)]
    (folder / "user_artists.dat").write_text("\n".join(["userID\tartistID\tweight", *plays]) + "\n")
    (folder / "user_friends.dat").write_text("userID\tfriendID\n9\t3\n3\t9\n4\t6\n")
    code, _, error = run(
        "data", "import", "lastfm", folder, "--domain", "music", "--out", tmp_path / "data", "--shared-users"
    )
    assert code == 0, error
    return tmp_path / "data"


def test_friends_become_a_domain_that_models_learn_from(run: Run, music: Path, tmp_path: Path) -> None:
    code, said, _ = run("data", "ties", music, "--domain", "music", "--json")
    told = json.loads(said)
    assert code == 0 and (told["domain"], told["rows"], told["users"], told["items"]) == ("friends", 6, 4, 3)
    code, _, error = run("train", "item_knn", "--data", music, "--out", tmp_path / "model")
    assert code == 0, error
    code, said, _ = run("recommend", "--model", tmp_path / "model", "--user", "9", "--domain", "music", "--json")
    items = [row["item_id"] for row in json.loads(said)]
    assert code == 0 and set(items[:4]) == {f"music:{55 + n}" for n in range(4)}


def test_words_for_people_and_a_second_time(run: Run, music: Path) -> None:
    code, said, _ = run("data", "ties", music, "--domain", "music", "--as", "pals")
    assert code == 0 and "pals: 6 rows of 3 ties between 4 users of music" in said
    code, _, error = run("data", "ties", music, "--domain", "music", "--as", "pals")
    assert code == 2 and "say replace" in error
    assert run("data", "ties", music, "--domain", "music", "--as", "pals", "--replace")[0] == 0
