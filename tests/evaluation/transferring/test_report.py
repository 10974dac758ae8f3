"""The report on worlds whose answer is known, on data that cannot bear transfer, and what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from taste_worlds import taste_world

from crossrec.core.errors import InvalidInput, Unavailable
from crossrec.core.interactions import Interactions
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.linking.adding import add_links
from crossrec.data.linking.removing import remove_person
from crossrec.evaluation.transferring.drill import drill
from crossrec.evaluation.transferring.effects import ALL_OTHERS, GATED, effect_of
from crossrec.evaluation.transferring.exam import exam_of
from crossrec.evaluation.transferring.page import transfer_page, write_transfer_page
from crossrec.evaluation.transferring.report import TransferReport, transfer_report
from crossrec.models.boards import checkerboard


@pytest.fixture(scope="module")
def helped() -> TransferReport:
    return transfer_report(exam_of(taste_world(shared=True, timed=True), "first-touch"))


def test_one_taste_helps_both_ways_and_the_gate_takes_it(helped: TransferReport) -> None:
    for source, target in (("films", "books"), ("books", "films")):
        effect = helped.of(source, target, "history", "0")
        assert effect is not None and effect.verdict == "helps"
        gated = helped.of(GATED, target, "history", "0")
        assert gated is not None and gated.verdict == "helps"
    assert all(0 < share <= 1 for shares in (helped.open_share, helped.open_persons) for share in shares.values())


def test_for_whom_it_is_is_said_in_words(helped: TransferReport) -> None:
    new = helped.of("films", "books", "overlap", "source only")
    assert new is not None and new.verdict == "helps" and new.whom == "with acts in the source only"
    alone = helped.of("films", "books", "overlap", "target only")
    assert alone is None or alone.verdict == "cannot tell", "nobody's films say anything here"
    assert "films -> books, with acts in the source only: control" in helped.table()
    assert "0 items had in the target" in transfer_page(helped)


def test_two_tastes_do_not_help_and_the_gate_stays_shut_for_the_new() -> None:
    report = transfer_report(exam_of(taste_world(shared=False, timed=True), "first-touch"))
    for target in ("films", "books"):
        gated = report.of(GATED, target, "history", "0")
        assert gated is not None and gated.difference == pytest.approx(0, abs=0.02)


def test_the_parts_of_an_effect_add_up(helped: TransferReport) -> None:
    whole = helped.of("films", "books")
    assert whole is not None
    for by in ("overlap", "history", "source"):
        parts = [one for one in helped.effects if (one.source, one.target, one.by) == ("films", "books", by)]
        assert sum(one.lists for one in parts) == whole.lists
        mean = sum(one.lists * one.difference for one in parts) / whole.lists
        assert mean == pytest.approx(whole.difference)


def test_three_domains_have_pairs_and_all_to_one() -> None:
    frame = (
        taste_world(shared=True, users=200)
        .to_polars()
        .with_columns(pl.col("item_id").str.split(":").list.last(), pl.col("domain").cast(pl.String))
    )
    plays = frame.filter(pl.col("domain") == "films").with_columns(domain=pl.lit("plays"))
    report = transfer_report(exam_of(Interactions.from_frame(pl.concat([frame, plays])), "random"))
    names = {"films", "books", "plays"}
    found = {(one.source, one.target) for one in report.effects if one.by == "all"}
    assert found == {(a, b) for a in {*names, ALL_OTHERS, GATED} for b in names if a != b}
    assert "warning: 'random' lets the future into training" in report.table()
    assert "lets the future into training" in transfer_page(report)
    assert [one.shared for one in report.domains if one.name == "films"] == [{"books": 200, "plays": 200}]


def test_an_effect_by_hand() -> None:
    control, transfer = np.array([0.0, 0.5, 0.5, 0.0]), np.array([0.5, 0.5, 1.0, 0.0])
    found = effect_of(("a", "b"), ("all", ""), control, transfer, np.array([0, 1, 1, 2], np.int32))
    assert (found.control, found.transfer, found.difference) == (0.25, 0.5, 0.25)
    assert found.effectiveness.value == 1.0 and found.persons == 3 and found.lists == 4
    assert found.margin == pytest.approx((1.96 + 0.8416) * (found.high - found.low) / 3.92)
    nothing = effect_of(("a", "b"), ("all", ""), control * 0, transfer, np.arange(4, dtype=np.int32))
    assert nothing.effectiveness.value is None, "a zero baseline is an answer, not a division"


def test_json_has_no_nan_and_says_the_protocol(helped: TransferReport) -> None:
    told = json.loads(helped.to_json())
    assert told["protocol"]["name"] == "first-touch" and len(told["protocol"]["split_hash"]) == 16
    assert {one["verdict"] for one in told["effects"]} <= {"helps", "harms", "cannot tell"}
    assert "films -> books" in helped.table() and "gate open" in helped.table()


def test_the_page_is_whole_escapes_and_needs_no_network(helped: TransferReport, tmp_path: Path) -> None:
    found = drill(taste_world(shared=True, users=300), "books")
    page = transfer_page(helped, [found])
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") == 3 and "cannot" in page
    write_transfer_page(helped, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == transfer_page(helped)
    with pytest.raises(Unavailable, match="could not be written"):
        write_transfer_page(helped, tmp_path / "no" / "report.html")


def test_the_report_says_what_is_retained_and_what_survives(helped: TransferReport) -> None:
    pairs = {("films", "books"), ("books", "films")}
    assert {(one.source, one.target) for one in helped.retentions} == pairs
    assert all(one.source_level > 0 and one.retained.value is not None for one in helped.retentions)
    assert {(one.domain, one.beside) for one in helped.kept} == pairs | {("films", GATED), ("books", GATED)}
    assert not [one for one in helped.kept if one.verdict == "forgets"], "one taste: nothing is lost"
    effect = helped.of("films", "books")
    assert effect is not None and effect.effectiveness.low is not None
    assert effect.effectiveness.value == pytest.approx(effect.difference / effect.control)
    told = json.loads(helped.to_json())
    assert set(told["effects"][0]["effectiveness"]) == {"value", "low", "high"} and told["schema"] == 2
    assert "retained" in helped.table() and "kept" in helped.table()
    assert "What is carried over, and what survives" in transfer_page(helped)


def test_one_domain_is_refused() -> None:
    with pytest.raises(InvalidInput, match="two domains or more"):
        transfer_report(exam_of(checkerboard(), "random"))


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
