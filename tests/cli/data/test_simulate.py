from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run


def test_a_named_world_becomes_a_data_set(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small").mkdir()  # a folder is no world in TOML
    monkeypatch.chdir(tmp_path)
    code, said, error = run("data", "simulate", "small", "--out", tmp_path / "w", "--json")
    assert code == 0, error
    assert json.loads(said)["rows"]["books"] == 24_000
    assert run("data", "check", tmp_path / "w")[0] == 0


def test_a_mistake_in_the_toml_is_told_with_file_and_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text("users = 5\nstart = 2024-01-01\ndays = 3\n[domains.films]\nitem = 3\n")
    code, _, error = run("data", "simulate", tmp_path / "w.toml", "--out", tmp_path / "w")
    assert code == 2 and "w.toml: domains.films.item: unknown key; did you mean 'items'?" in error
    assert run("data", "simulate", tmp_path / "no.toml", "--out", tmp_path / "w")[0] == 3
    code, _, error = run("data", "simulate", "movielens-25", "--out", tmp_path / "w")
    assert code == 3 and "no world called 'movielens-25'; did you mean 'movielens-25m'? There are:" in error
    assert not (tmp_path / "w").exists()
