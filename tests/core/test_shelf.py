"""Shelves: found by file name, imported on use, a missing extra named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossrec.core.errors import InvalidInput, MissingExtra, NotFound
from crossrec.core.shelf import Shelf

FILES = {
    "thing.py": "__all__ = ['Thing']\nclass Thing: ...\n",
    "served.py": "import fastapi_is_gone\n",
    "extra.py": "import structlog.nothing_like_this\n",
    "_shared.py": "raise RuntimeError('imported too early')\n",
}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf[Any]]:
    folder = tmp_path / "cupboard"
    folder.mkdir()
    for name, text in {"__init__.py": "", **FILES}.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Shelf("thing", "cupboard")
    for name in [name for name in sys.modules if name.split(".")[0] == "cupboard"]:
        del sys.modules[name]


def test_names_are_files_and_nothing_is_imported(shelf: Shelf[Any]) -> None:
    assert shelf.paths() == {name: f"cupboard.{name}" for name in ("extra", "served", "thing")}
    assert "cupboard.thing" not in sys.modules


def test_a_class_is_loaded_by_name(shelf: Shelf[Any]) -> None:
    assert shelf.load("thing").__name__ == "Thing"


def test_a_typo_names_the_nearest(shelf: Shelf[Any]) -> None:
    with pytest.raises(NotFound, match="no thing called 'thin'; did you mean 'thing'"):
        shelf.load("thin")
    with pytest.raises(NotFound):
        shelf.load("_shared")


def test_a_missing_extra_is_named(shelf: Shelf[Any]) -> None:
    with pytest.raises(MissingExtra, match=r"'extra' needs structlog: pip install 'crossrec\[server\]'"):
        shelf.load("extra")


def test_a_package_of_nobody_is_an_ordinary_error(shelf: Shelf[Any]) -> None:
    with pytest.raises(ModuleNotFoundError, match="fastapi_is_gone") as caught:
        shelf.load("served")
    assert not isinstance(caught.value, MissingExtra)


def test_two_of_a_name_are_refused(shelf: Shelf[Any]) -> None:
    with pytest.raises(InvalidInput, match="two things are called"):
        Shelf("thing", "cupboard", "cupboard").paths()
