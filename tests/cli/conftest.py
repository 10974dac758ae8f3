from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crossrec.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line in this process; returns the exit code, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crossrec", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "200")
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    """A small ratings.csv in MovieLens' form: two tastes, and the last film of each user withheld from none."""
    lines = ["userId,movieId,rating,timestamp"]
    for user in range(1, 31):
        for step, film in enumerate(range(user % 2, 20, 2)):
            if (user + film) % 7:
                lines.append(f"{user},{100 + film},{4.0 if film % 3 else 3.5},{1_400_000_000 + 86_400 * step + user}")
    folder = tmp_path / "ml"
    folder.mkdir()
    (folder / "ratings.csv").write_text("\n".join(lines) + "\n")
    titles = "\n".join(f'{100 + film},"Film {film}, The (1999)",Comedy|Drama' for film in range(20))
    (folder / "movies.csv").write_text(f"movieId,title,genres\n{titles}\n")
    return folder


@pytest.fixture
def data(run: Run, ratings: Path, tmp_path: Path) -> Path:
    """The data set made of it."""
    code, _, error = run("data", "import", "movielens", ratings, "--domain", "films", "--out", tmp_path / "data")
    assert code == 0, error
    return tmp_path / "data"


@pytest.fixture
def bundle(run: Run, data: Path, tmp_path: Path) -> Path:
    """A bundle trained on it."""
    code, _, error = run("train", "item_knn", "--data", data, "--out", tmp_path / "model")
    assert code == 0, error
    return tmp_path / "model"
