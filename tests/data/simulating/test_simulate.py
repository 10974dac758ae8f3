"""Simulated folders: the same bytes whatever the chunks, official files that the sources read, all or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import numba
import polars as pl
import pytest

from crossrec.core.errors import InvalidInput, NotFound, Unavailable
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.simulating import simulate as module
from crossrec.data.simulating.simulate import FORMATS, simulate
from crossrec.data.worlds.domain import Domain, Films, Prices, Ratings, Shown
from crossrec.data.worlds.presets import preset
from crossrec.data.worlds.truth import open_truth
from crossrec.data.worlds.world import TasteChange, World

SOURCES = {"movielens": "movielens", "amazon-2023": "amazon", "goodreads": "goodreads", "reddit": "reddit"}
KINDS = {
    "movielens": {"rate": 1.0},
    "amazon-2023": {"rate": 1.0},
    "goodreads": {"rate": 0.5, "view": 0.3, "save": 0.2},
    "reddit": {"comment": 0.7, "share": 0.3},
}


def world_for(style: str) -> World:
    half = style == "movielens"
    domain = Domain(
        items=120,
        interactions=3000,
        least=4,
        kinds=KINDS[style],
        repeats=style == "reddit",
        ratings=Ratings(0.5, 5.0, 0.5) if half else Ratings(),
        prices=Prices(1, 50) if style == "amazon-2023" else None,
        films=Films(tags=700, genome_tags=12, genome_films=30) if half else None,
    )
    return World(
        {"things": domain}, 150, date(2020, 1, 1), 700, seed=11, taste_change=TasteChange(date(2021, 1, 1), 0.5)
    )


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.mark.parametrize("style", FORMATS)
def test_the_bytes_do_not_depend_on_chunks_or_threads(style: str, tmp_path: Path) -> None:
    world = preset("small") if style == "dataset" else world_for(style)
    simulate(world, tmp_path / "one", style=style)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        simulate(world, tmp_path / "two", style=style, chunk_rows=701)
    finally:
        numba.set_num_threads(threads)
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert len(one) > 8 and one == two
    simulate(replace(world, seed=world.seed + 1), tmp_path / "three", style=style)
    assert files(tmp_path / "three") != one


def test_blocks_are_cut_the_same_when_they_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PLACES", 1000)
    world = preset("small")
    for name, rows in (("one", 400_000), ("two", 3_001)):
        simulate(world, tmp_path / name, chunk_rows=rows)
    assert len(list((tmp_path / "one/truth/films/shown").iterdir())) > 20
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert open_truth(tmp_path / "one").shown("films").collect().height == 648 * 40


@pytest.mark.parametrize("style", SOURCES)
def test_official_files_are_read_to_exactly_the_rows(
    style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSREC_SALT", "a salt of this test")
    world = world_for(style)
    simulate(world, tmp_path / "data")
    made = simulate(world, tmp_path / "files", style=style)
    summary = import_source(SOURCES[style], tmp_path / "files", "things", tmp_path / "read")
    assert made.rows == {"things": 3000}
    told = summary.to_dict()
    assert told["rows"] == 3000 and not told["quarantined"]
    truth = open_truth(tmp_path / "files")
    tables = []
    for folder in ("data", "read"):
        rows = open_dataset(tmp_path / folder).rows("things").collect()
        user = pl.lit(0) if style == "reddit" else pl.Series(truth.numbers(rows["user_id"]))  # a salted hash there
        item = pl.Series(truth.numbers(rows["item_id"]))
        kind = pl.col("interaction_type").cast(pl.String)
        tables.append(rows.select(user.alias("user"), item.alias("item"), "rating", "timestamp", kind).sort(pl.all()))
        assert rows["user_id"].n_unique() == 150
    assert tables[0].equals(tables[1])


def test_movielens_has_its_films_tags_links_and_genome(tmp_path: Path) -> None:
    simulate(world_for("movielens"), tmp_path / "files", style="movielens")
    assert (tmp_path / "files/ratings.csv").read_text().startswith("userId,movieId,rating,timestamp\n1,")
    sizes = {path.name: path.read_bytes().count(b"\n") - 1 for path in (tmp_path / "files").glob("*.csv")}
    assert sizes == {
        "ratings.csv": 3000,
        "movies.csv": 120,
        "links.csv": 120,
        "tags.csv": 700,
        "genome-tags.csv": 12,
        "genome-scores.csv": 360,
    }
    import_source("movielens", tmp_path / "files", "films", tmp_path / "read", options={"genome": "full"})
    items = open_dataset(tmp_path / "read").items("films")
    assert items.height == 120 and items["imdb_id"].null_count() == 0
    assert items["genome"].list.len().sum() == 360
    assert items["title"].is_not_null().all() and items["tags"].list.len().sum() > 100


def test_amazon_metadata_has_the_prices_of_the_truth(tmp_path: Path) -> None:
    simulate(world_for("amazon-2023"), tmp_path / "files", style="amazon-2023")
    import_source("amazon", tmp_path / "files", "things", tmp_path / "read")
    truth = open_truth(tmp_path / "files")
    items = open_dataset(tmp_path / "read").items("things").sort("item_id")
    prices = truth.items("things", "price")[truth.numbers(items["item_id"])]
    assert items.height == 120 and abs(items["price"].to_numpy() - prices).max() < 1e-3


def test_users_are_shared_between_the_domains(tmp_path: Path) -> None:
    simulate(preset("small"), tmp_path / "data")
    data = open_dataset(tmp_path / "data")
    people = {name: set(data.rows(name).select("user_id").unique().collect()["user_id"]) for name in data.domains}
    assert all(data.record(name).users_are == "shared" for name in data.domains)
    number = [sum(user in users for users in people.values()) for user in set().union(*people.values())]
    shares = [number.count(k) / len(number) for k in (1, 2, 3)]
    assert shares == pytest.approx([0.4, 0.3, 0.3], abs=0.05)


def test_what_a_format_cannot_hold_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"domains.shop.kinds: movielens holds rate, got 'view'"):
        simulate(preset("small"), tmp_path / "x", style="movielens")
    with pytest.raises(InvalidInput, match="goodreads has whole stars"):
        simulate(world_for("movielens"), tmp_path / "x", style="goodreads")
    with pytest.raises(InvalidInput, match="did you mean 'goodreads'"):
        simulate(preset("small"), tmp_path / "x", style="goodread")
    one = world_for("movielens")
    shown = replace(one, domains={"things": replace(one.domains["things"], shown=Shown())})
    made = simulate(shown, tmp_path / "y", style="movielens")
    assert made.left_out == {"things": ("shown", "click")} and made.rows == {"things": 3000}
    assert open_truth(tmp_path / "y").shown("things").collect().height == 1500


def test_nothing_is_left_of_a_run_that_fails_and_nothing_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(module, "write_months", full)
    with pytest.raises(Unavailable, match="no space"):
        simulate(preset("small"), tmp_path / "x")
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    (tmp_path / ".x.unfinished/.writing-killed").mkdir(parents=True)  # as a killed run leaves it
    simulate(world_for("movielens"), tmp_path / "x", style="movielens")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    (tmp_path / "y").mkdir()
    (tmp_path / "y/mine.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="expected a new or empty folder"):
        simulate(preset("small"), tmp_path / "y")
    assert (tmp_path / "y/mine.txt").read_text() == "mine"


def test_a_domain_that_too_few_could_fill_is_refused(tmp_path: Path) -> None:
    domain = Domain(items=400, interactions=3000, least=1, complete=True)
    with pytest.raises(InvalidInput, match=r"domains.films.complete"):
        simulate(World({"films": domain}, 50, date(2024, 1, 1), 9), tmp_path / "x")
    with pytest.raises(InvalidInput, match=r"domains.films.interactions: expected 4,000 to"):
        simulate(World({"films": replace(domain, least=80)}, 50, date(2024, 1, 1), 9), tmp_path / "x")


def test_a_truth_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no truth"):
        open_truth(tmp_path)


def test_movielens_25m_has_the_published_sizes() -> None:
    world = preset("movielens-25m")
    films = world.domains["films"]
    assert (films.interactions, world.users, films.items, films.living) == (25_000_095, 162_541, 62_423, 59_047)
    assert films.films == Films(1_093_360, 1_128, 13_816)
    assert 1_128 * 13_816 == 15_584_448
    with pytest.raises(NotFound, match="did you mean 'movielens-25m'"):
        preset("movielens25m")
