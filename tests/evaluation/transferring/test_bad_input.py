"""Data that cannot bear transfer: the report says what is missing, gives no figure that is none, and does not fall."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from taste_worlds import taste_world

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.data.dataset import open_dataset
from crossrec.data.identity import add_links, remove_person
from crossrec.data.intake.importing import import_source
from crossrec.evaluation.transferring.drill import drill
from crossrec.evaluation.transferring.effects import GATED
from crossrec.evaluation.transferring.exam import exam_of
from crossrec.evaluation.transferring.page import transfer_page
from crossrec.evaluation.transferring.report import TransferReport, transfer_report


def strangers(users: int = 120) -> Interactions:
    """Nobody is in two domains."""
    frame = taste_world(shared=True, users=users).to_polars()
    names = pl.format("{}-{}", pl.col("domain").cast(pl.String), "user_id")
    return Interactions.from_frame(
        frame.with_columns(names.alias("user_id"), pl.col("item_id").str.split(":").list.last())
    )


def whole(report: TransferReport) -> dict[tuple[str, str], str]:
    assert json.loads(report.to_json()) and transfer_page(report), "all of it can be told"
    return {(one.source, one.target): one.verdict for one in report.effects if one.by == "all"}


def test_without_common_persons_the_gate_is_shut_and_says_what_is_missing() -> None:
    report = transfer_report(exam_of(strangers(), "random"))
    verdicts = whole(report)
    assert all(verdicts[GATED, name] in ("cannot tell", "helps") for name in ("films", "books"))
    assert "no person is in two domains" in report.table() and set(report.open_share.values()) == {0.0}
    assert [one.value for one in report.effects if one.by == "overlap" and one.value in ("both", "source only")] == []
    with pytest.raises(InvalidInput, match="link accounts first"):
        drill(strangers(), "books")


def test_a_domain_of_ten_acts_has_no_verdict() -> None:
    world = taste_world(shared=True, users=200)
    books = np.flatnonzero(world.domains == world.catalogue.domain_ids.code("books"))
    own = np.isin(np.arange(len(world)), books)
    ten = np.flatnonzero(own & np.isin(world.users, np.unique(world.users[books])[:2]))[:10]
    few = world.take(np.setdiff1d(np.arange(len(world)), np.setdiff1d(books, ten)))
    report = transfer_report(exam_of(few, "random"))
    verdicts = whole(report)
    assert verdicts["books", "films"] != "harms"
    facts = next(one for one in report.domains if one.name == "books")
    assert facts.rows < 10 and (("films", "books") not in verdicts or verdicts["films", "books"] == "cannot tell")


def test_a_target_that_training_does_not_have_is_passed_over() -> None:
    """All of books is after the cut, so nothing in it can be recommended, and nothing is asked."""
    frame = taste_world(shared=True, users=100, timed=True).to_polars()
    late = 10**12 * (pl.col("domain") == "books").cast(pl.Int64)
    frame = frame.with_columns(pl.col("timestamp") + late, pl.col("item_id").str.split(":").list.last())
    report = transfer_report(exam_of(Interactions.from_frame(frame), "first-touch"))
    assert {target for _, target in whole(report)} == {"films"}
    facts = next(one for one in report.domains if one.name == "books")
    assert (facts.rows, facts.lists) == (0, 0) and not report.retentions


def test_the_same_native_ids_are_strangers_until_they_are_linked(tmp_path: Path) -> None:
    """User u001 of films is not user u001 of books; a link makes one person of them, and taken back it makes two."""
    world = taste_world(shared=True, users=60).to_polars().with_columns(pl.col("item_id").str.split(":").list.last())
    for (domain,), rows in world.group_by("domain"):
        rows.select("user_id", "item_id").write_csv(tmp_path / f"{domain}.csv")
        import_source("tables", tmp_path / f"{domain}.csv", str(domain), tmp_path / "data")

    def shared() -> int:
        report = transfer_report(exam_of(open_dataset(tmp_path / "data").interactions(), "random"))
        assert ("no person is in two domains" in report.table()) == (report.domains[0].shared["films"] == 0)
        return report.domains[0].shared["films"]

    assert shared() == 0
    accounts = [("films", "u001", "ann"), ("books", "u001", "ann"), ("films", "u002", "bob"), ("books", "u003", "bob")]
    add_links(tmp_path / "data", pl.DataFrame(accounts, schema=["domain", "user_id", "person_id"], orient="row"))
    assert shared() == 2
    remove_person(tmp_path / "data", "bob")
    assert shared() == 1
