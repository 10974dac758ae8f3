from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from crossrec.core.errors import InvalidInput, NotFound, Refused
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.engine_contract import hard_rows
from crossrec.data.preparing.cleaning import clean, parse_step
from crossrec.data.preparing.negatives import Negatives, write_negatives
from crossrec.data.split import split_as_given, split_last_out
from crossrec.data.storing.writing import Content, write_domains


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    """Two domains; `twin` has the users of `wild`, as its own."""
    rows = hard_rows(untimed=False)
    wild = rows.filter(pl.col("domain") == "wild").lazy()
    board = rows.filter(pl.col("domain") == "board").lazy()
    titles = pl.DataFrame({"item_id": ["i0", "never"], "title": ["Tea", "No one had it"]})
    contents = {
        "wild": Content(
            wild, "tables", items=titles, users=pl.DataFrame({"user_id": ["Ann"], "age": [40]}), licence="MIT"
        ),
        "board": Content(board, "tables"),
        "twin": Content(wild.with_columns(pl.lit("twin").alias("domain")), "tables"),
    }
    write_domains(tmp_path / "data", contents)
    return open_dataset(tmp_path / "data")


def test_what_came_in_is_what_went_out_and_what_was_dropped(data: Dataset, tmp_path: Path) -> None:
    said: list[str] = []
    steps = [parse_step("duplicates:same=pair"), parse_step("k_core:users=4,items=4"), parse_step("sessions")]
    done = clean(data, tmp_path / "out", steps, domains=["wild", "board"], progress=said.append)
    made = open_dataset(tmp_path / "out")
    assert made.domains == ("board", "wild") and said[:3] == ["duplicates", "k_core", "sessions"]
    assert done.version == made.manifest.version
    for name in made.domains:
        assert done.steps[0].rows_in[name] == data.record(name).rows
        assert [step.rows_out[name] for step in done.steps[:-1]] == [step.rows_in[name] for step in done.steps[1:]]
        assert done.steps[-1].rows_out[name] == made.record(name).rows == made.rows(name).collect().height
        assert [step["name"] for step in made.record(name).steps] == ["duplicates", "k_core", "sessions"]
    assert "dropped: said before" in str(done) and done.steps[1].rows_out["wild"] < done.steps[1].rows_in["wild"]
    assert made.record("wild").options == {"from": data.manifest.version} and made.record("wild").licence == "MIT"
    assert made.items("wild")["title"].to_list()[:2] == ["Tea", "No one had it"]
    assert made.users("wild")["age"].to_list() == [40]


def test_steps_of_a_cleaned_set_stand_after_those_before(data: Dataset, tmp_path: Path) -> None:
    clean(data, tmp_path / "one", [parse_step("duplicates")])
    clean(open_dataset(tmp_path / "one"), tmp_path / "two", [parse_step("minimum_history:acts=2")])
    steps = open_dataset(tmp_path / "two").record("wild").steps
    assert [step["name"] for step in steps] == ["duplicates", "minimum_history"]
    assert steps[1]["settings"] == {"acts": 2, "over": "domain"}


def test_own_users_of_two_domains_are_two_persons(data: Dataset, tmp_path: Path) -> None:
    step = parse_step("minimum_history:acts=14,over=all")
    own = clean(data, tmp_path / "own", [step], domains=["wild"])
    both = clean(data, tmp_path / "both", [step], domains=["wild", "twin"])
    assert both.steps[0].rows_out["wild"] == own.steps[0].rows_out["wild"] < data.record("wild").rows
    users = set(data.rows("wild").collect()["user_id"])
    assert set(open_dataset(tmp_path / "both").rows("twin").collect()["user_id"]) < users  # written as before


def test_a_written_split_is_the_split_that_models_see(data: Dataset, tmp_path: Path) -> None:
    done = clean(data, tmp_path / "out", [parse_step("partition:protocol=leave-last-out")], domains=["wild"])
    made = open_dataset(tmp_path / "out")
    written, expected = split_as_given(made.interactions()), split_last_out(data.interactions(["wild"]))
    for name in ("train", "validation", "test"):
        mine, theirs = getattr(written, name), getattr(expected, name)
        assert sorted(mine.positions.tolist()) == sorted(theirs.positions.tolist())
    counts = done.steps[0].parts["wild"]
    assert counts["test"] == len(expected.test) and sum(counts.values()) == made.record("wild").rows
    assert made.record("wild").steps[0]["parts"] == counts and not done.steps[0].warnings


def test_a_domain_without_a_row_of_test_is_warned_of(data: Dataset, tmp_path: Path) -> None:
    """The board ends a day before the last tenth of all rows begins."""
    moment = int(data.rows("board").select(pl.col("timestamp").max()).collect().item())
    step = parse_step(f"partition:protocol=global-time,validation_from={moment},test_from={moment + 1}")
    done = clean(data, tmp_path / "out", [step], domains=["board", "wild"])
    words = "no row is in test; global-time cuts all domains at the same moments: split it alone"
    assert done.steps[0].warnings == {"board": words}
    assert f"  warning: board: {words}" in str(done)
    assert done.to_dict()["steps"][0]["warnings"] == {"board": words}  # type: ignore[index]
    steps = {name: open_dataset(tmp_path / "out").record(name).steps[0] for name in ("board", "wild")}
    assert steps["board"]["warning"] == words and "warning" not in steps["wild"]
    assert steps["wild"]["parts"] == done.steps[0].parts["wild"]
    alone = clean(data, tmp_path / "alone", [parse_step("partition:protocol=global-time")], domains=["board"])
    assert not alone.steps[0].warnings


def test_new_users_are_kept_from_training_in_every_domain(data: Dataset, tmp_path: Path) -> None:
    """`twin` has the ids of `wild` as persons of its own."""
    step = parse_step("partition:protocol=new-users,test_persons=9,validation_persons=8")
    done = clean(data, tmp_path / "out", [step], domains=["twin", "wild"])
    cut = split_as_given(open_dataset(tmp_path / "out").interactions(), persons="new")
    persons = [np.unique(part.users) for part in (cut.train, cut.validation, cut.test)]
    assert [len(some) for some in persons[1:]] == [8, 9]
    assert len(np.unique(np.concatenate(persons))) == sum(map(len, persons))
    assert cut.test_history is not None and set(cut.test_history.users) == set(persons[2])
    assert cut.validation_history is not None and set(cut.validation_history.users) == set(persons[1])
    asked, known = np.bincount(cut.test.users), np.bincount(cut.test_history.users)
    for person in persons[2]:
        assert asked[person] == max(int((asked[person] + known[person]) * 0.2), 1)
    assert sum(rows["test"] for rows in done.steps[0].parts.values()) == len(cut.test)
    assert done.steps[0].settings["over"] == "all"


def test_the_data_set_itself_is_never_written_to(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="another folder"):
        clean(data, data.path, [parse_step("duplicates")], replace=True)
    with pytest.raises(InvalidInput, match="at least one step"):
        clean(data, tmp_path / "out", [])


def test_a_domain_is_not_emptied(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="leaves no row of domain 'board'"):
        clean(data, tmp_path / "out", [parse_step("minimum_history:acts=10")])
    assert not (tmp_path / "out").exists() and not [path for path in tmp_path.iterdir() if path.name.startswith(".out")]


def test_an_order_that_means_nothing_is_not_cut(tmp_path: Path) -> None:
    rows = hard_rows().filter(pl.col("domain") == "wild").with_columns(timestamp=pl.lit(None, pl.Int64))
    write_domains(tmp_path / "data", {"wild": Content(rows.lazy(), "tables", has_order=False)})
    with pytest.raises(Refused, match="wild"):
        clean(open_dataset(tmp_path / "data"), tmp_path / "out", [parse_step("partition")])
    clean(open_dataset(tmp_path / "data"), tmp_path / "out", [parse_step("partition:protocol=hash")])


def test_a_step_is_read_or_named() -> None:
    assert parse_step("k_core:users=3, items=4")[1] == parse_step("k_core:items=4,users=3")[1]
    with pytest.raises(NotFound, match="did you mean 'k_core'"):
        parse_step("kcore")
    with pytest.raises(InvalidInput, match="did you mean 'users'"):
        parse_step("k_core:user=3")
    with pytest.raises(InvalidInput, match="whole number, got '3.5'"):
        parse_step("k_core:users=3.5")
    with pytest.raises(InvalidInput, match="setting=value"):
        parse_step("k_core:5")


def test_negatives_are_one_file(data: Dataset, tmp_path: Path) -> None:
    done = write_negatives(data, tmp_path / "n.parquet", Negatives(2), domains=["wild", "board"])
    table = pl.read_parquet(tmp_path / "n.parquet")
    assert done.rows == table.height == done.wanted and done.short == 0 and "negatives in" in str(done)
    assert table.columns == ["domain", "user_id", "item_id", "timestamp", "position", "draw", "negative", "probability"]
    assert set(table["domain"]) == {"wild", "board"}
