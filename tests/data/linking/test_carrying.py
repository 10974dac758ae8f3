"""Links and removals go along with copies, and a removal that was made anywhere holds in each."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import CorruptBundle, InvalidInput
from crossrec.data.dataset import open_dataset
from crossrec.data.exchange.export import export_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.linking.adding import add_links
from crossrec.data.linking.links import LINKS, read_links
from crossrec.data.linking.overlap import persons_in_common
from crossrec.data.linking.removing import remove_person
from crossrec.data.preparing.cleaning import clean, parse_step

STEPS = [parse_step("duplicates")]
ANN = pl.DataFrame({"domain": ["films", "books"], "user_id": ["u", "u"], "person_id": ["ann", "ann"]})


def data_at(folder: Path, *, shared: bool = False, domains: tuple[str, ...] = ("films", "books", "games")) -> Path:
    for domain in domains:
        path = folder.parent / f"{domain}.csv"
        path.write_text(f"user_id,item_id\nu,{domain}1\nv,{domain}2\n")
        import_source("tables", path, domain, folder, shared_users=shared)
    return folder


def persons(folder: Path) -> set[str]:
    return set(open_dataset(folder).interactions().user_ids.series.to_list())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return data_at(tmp_path / "data")


def test_a_cleaned_copy_has_the_links_and_what_was_removed(data: Path, tmp_path: Path) -> None:
    add_links(data, ANN)
    bob = ANN.with_columns(pl.lit("v").alias("user_id"), pl.lit("bob").alias("person_id"))
    add_links(data, bob)
    remove_person(data, "ann")
    copy = tmp_path / "copy"
    clean(open_dataset(data), copy, STEPS)
    assert persons(copy) == persons(data) == {"films:u", "books:u", "games:u", "bob", "games:v"}
    assert add_links(copy, ANN).removed_before == 2
    remove_person(copy, "bob")
    assert "bob" in persons(data)


def test_what_is_removed_after_a_copy_is_removed_from_it_when_it_is_made_again(data: Path, tmp_path: Path) -> None:
    add_links(data, ANN)
    copy = tmp_path / "copy"
    clean(open_dataset(data), copy, STEPS)
    opened = open_dataset(data)
    assert opened.links.table.height == 2
    remove_person(data, "ann")  # while the copy is being made, so to speak
    clean(opened, copy, STEPS, replace=True)
    assert "ann" not in persons(copy) and "films:u" in persons(copy)


def test_what_was_removed_from_a_copy_stays_so_when_links_come_again(data: Path, tmp_path: Path) -> None:
    add_links(data, ANN)
    copy = tmp_path / "copy"
    clean(open_dataset(data), copy, STEPS, domains=["films"])
    remove_person(copy, "ann")
    clean(open_dataset(data), copy, STEPS, domains=["books"])
    assert persons(copy) == {"films:u", "films:v", "ann", "books:v"}  # films' account was removed there, books' was not
    assert add_links(copy, ANN).removed_before == 1


def test_removals_of_two_sources_hold_together_and_none_is_lost(tmp_path: Path) -> None:
    sources = [data_at(tmp_path / name, domains=(name,)) for name in ("films", "books", "games")]
    for source in sources:
        add_links(source, ANN.with_columns(pl.lit(source.name).alias("domain")).head(1))
        remove_person(source, "ann")
    out = tmp_path / "all"
    for source in sources:
        clean(open_dataset(source), out, STEPS)
    rows = pl.concat([ANN, ANN.head(1).with_columns(pl.lit("games").alias("domain"))])
    assert add_links(out, rows).removed_before == 3
    again = tmp_path / "again"
    clean(open_dataset(out), again, STEPS)
    assert add_links(again, rows).removed_before == 3
    assert len(read_links(again).brought) == 2


def test_a_link_of_shared_users_holds_without_the_domain_it_was_made_under(tmp_path: Path) -> None:
    data = data_at(tmp_path / "data", shared=True)
    add_links(data, ANN.head(1))  # under films
    copy = tmp_path / "copy"
    clean(open_dataset(data), copy, STEPS, domains=["books", "games"])
    assert persons(copy) == {"ann", "v"}
    remove_person(copy, "ann")
    assert add_links(copy, ANN.tail(1)).removed_before == 1


def test_links_of_a_domain_that_stays_behind_stay_behind(data: Path, tmp_path: Path) -> None:
    add_links(data, ANN)
    clean(open_dataset(data), tmp_path / "copy", STEPS, domains=["films"])
    assert read_links(tmp_path / "copy").table.rows() == [("films", "u", "ann")]


def test_an_account_of_two_persons_is_refused_and_nothing_is_written(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    clean(open_dataset(data), copy, STEPS, domains=["films"])
    add_links(copy, ANN.head(1).with_columns(pl.lit("eve").alias("person_id")))
    add_links(data, ANN)
    before = (copy / LINKS).read_bytes(), open_dataset(copy).manifest
    with pytest.raises(InvalidInput, match="1 accounts are linked to one person there and to another .*'films'"):
        clean(open_dataset(data), copy, STEPS, replace=True)
    assert ((copy / LINKS).read_bytes(), open_dataset(copy).manifest) == before


def test_an_export_to_a_folder_takes_links_along(data: Path, tmp_path: Path) -> None:
    export_dataset(open_dataset(data), tmp_path / "none")
    assert not (tmp_path / "none" / LINKS).exists()
    add_links(data, ANN)
    export_dataset(open_dataset(data), tmp_path / "copy")
    assert persons(tmp_path / "copy") == persons(data)
    assert persons_in_common(open_dataset(tmp_path / "copy"))["films"] == {"books": 1, "films": 2, "games": 0}


def test_a_damaged_file_is_told_of(data: Path) -> None:
    for broken in ('{"links": []}', '{"links": [], "salt": "xyz", "removed": {}}', "{", '{"links": [[1]], "salt": ""}'):
        (data / LINKS).write_text(broken)
        with pytest.raises(CorruptBundle, match="expected links"):
            read_links(data)


def test_a_file_of_the_first_form_is_read(data: Path) -> None:
    (data / LINKS).write_text(json.dumps({"salt": "00ff", "removed": {"d": 5}, "links": [["films", "u", "ann"]]}))
    found = read_links(data)
    assert found.removals.digests == {"d": 5} and found.brought == () and found.table.height == 1
