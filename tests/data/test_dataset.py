"""A data set read back: what is damaged is said so, never a traceback of a library."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crossrec.core.errors import CorruptBundle, NotFound
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.intake.importing import import_source


@pytest.fixture
def films(tmp_path: Path) -> Dataset:
    lines = ["user_id,item_id,rating,timestamp"]
    lines += [f"u{n % 40},i{n * 7 % 90},{1 + n % 5},{1_500_000_000_000 + n * 60_000}" for n in range(2_000)]
    (tmp_path / "ratings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    import_source("tables", tmp_path / "ratings.csv", "films", tmp_path / "data")
    return open_dataset(tmp_path / "data")


@pytest.mark.parametrize("kind", ["interactions", "items"])
def test_a_damaged_part_of_the_right_size_is_named(films: Dataset, kind: str) -> None:
    for part in films.record("films").parts[kind]:
        path = films.path / part.path
        size, footer = path.stat().st_size, path.read_bytes()[-4096 if kind == "interactions" else -9 :]
        path.write_bytes((b"PAR1" + b"\xff" * size)[: size - len(footer)] + footer)
    with pytest.raises(CorruptBundle, match=r"films is damaged .* import it again"):
        open_dataset(films.path).interactions()


def test_ids_of_full_length_are_read_from_several_domains(tmp_path: Path) -> None:
    for domain in ("films", "books"):
        (tmp_path / "ratings.csv").write_text(f"user_id,item_id,rating\n{'u' * 512},{'i' * 512},3\n", encoding="utf-8")
        import_source("tables", tmp_path / "ratings.csv", domain, tmp_path / "data")
    data = open_dataset(tmp_path / "data").interactions()
    assert sorted(data.item_ids.ids) == ["books:" + "i" * 512, "films:" + "i" * 512] and len(data.user_ids) == 2


def test_a_path_may_name_an_older_version(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_text("user_id,item_id\nu1,a\n")
    first = import_source("tables", source, "shop", tmp_path / "d")
    source.write_text("user_id,item_id\nu1,a\nu2,b\n")
    import_source("tables", source, "shop", tmp_path / "d", there="replace")
    assert open_dataset(tmp_path / "d").record("shop").rows == 2
    assert open_dataset(f"{tmp_path / 'd'}@{first.version[:8]}").record("shop").rows == 1
    assert open_dataset(Path(f"{tmp_path / 'd'}@{first.version}")).record("shop").rows == 1
    with pytest.raises(NotFound, match="version"):
        open_dataset(f"{tmp_path / 'd'}@00000000")
    odd = tmp_path / "d@deadbeef"
    shutil.copytree(tmp_path / "d", odd)
    assert open_dataset(odd).record("shop").rows == 2
