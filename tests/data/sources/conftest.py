"""What the tests of all sources use: write official excerpts, read them, import them."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.source import Reading, create

Write = Callable[..., Path]
Taken = Callable[..., Dataset]
Read = Callable[..., Reading]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files into a folder: name -> text or lines; `.gz` is packed."""

    def written(files: dict[str, str | Iterable[str]], folder: str = "in") -> Path:
        (tmp_path / folder).mkdir(exist_ok=True)
        for name, text in files.items():
            body = (text if isinstance(text, str) else "".join(f"{line}\n" for line in text)).encode()
            (tmp_path / folder / name).write_bytes(gzip.compress(body) if name.endswith(".gz") else body)
        return tmp_path / folder

    return written


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    """Import a path as the domain `x` and open what was written; rows in = rows + quarantined is held."""

    def imported(source: str, path: Path, **options: str) -> Dataset:
        import_source(source, path, "x", tmp_path / "out", options=options, there="replace")
        dataset = open_dataset(tmp_path / "out")
        record = dataset.record("x")
        assert record.rows_in == record.rows + sum(record.quarantined.values())
        return dataset

    return imported


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a path without importing it."""

    def reading(source: str, path: Path, **options: str) -> Reading:
        return create(source, options).read(path, tmp_path / "work")

    return reading
