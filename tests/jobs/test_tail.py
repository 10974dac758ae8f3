from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.core.event import Event
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.linking.adding import add_links
from crossrec.data.linking.links import read_links
from crossrec.events.log import LiveLog, open_log
from crossrec.jobs.tail import events_table, tail_once

MAY, JUNE = 1_400_000_000_000, 1_402_000_000_000

TAIL = """
import sys
from crossrec.events.log import open_log
from crossrec.jobs.tail import tail_once
log = open_log(sys.argv[1])
while tail_once(log, sys.argv[2], "shop", limit=7).read:
    pass
"""


def events(count: int, start: int = 0) -> list[Event]:
    """Events of both months in no order, of several kinds, some with a value or an answer they came from."""
    kinds = ("view", "purchase", "rate", "return", "shown")
    return [
        Event(
            f"e{number}",
            f"u{number % 5}",
            f"i{number * 7 % 11}",
            kinds[number % 5],
            (JUNE if number % 3 else MAY) + number,
            value=float(number % 5) if number % 2 else None,
            recommendation_id=f"r{number}" if number % 4 == 0 else None,
        )
        for number in range(start, start + count)
    ]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'events.db'}"


@pytest.fixture
def log(url: str) -> Iterator[LiveLog]:
    with closing(open_log(url)) as opened:
        yield opened


def content(folder: Path) -> list[tuple[object, ...]]:
    rows = open_dataset(folder).rows("shop").collect().sort("position")
    return rows.rows()


def test_micro_batches_give_the_rows_of_a_batch_import(log: LiveLog, tmp_path: Path) -> None:
    log.append(events(40))
    log.append([Event("old", "u1", "i1", "view", 5)])  # 1970: refused by both
    while tail_once(log, tmp_path / "tailed", "shop", limit=7).read:
        pass
    table = events_table(log.since(0, 1_000), "shop")
    table.drop("file", "line").write_ndjson(tmp_path / "events.jsonl")
    options = {name: name for name in ("rating", "timestamp", "position", "interaction_type", "context")}
    options |= {"user": "user_id", "item": "item_id", "unit": "ms"}
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    rated = [line for line in lines if line["rating"] is not None]
    assert rated, "the test needs ratings"
    import_source("tables", tmp_path / "events.jsonl", "shop", tmp_path / "batch", options=options)
    assert content(tmp_path / "tailed") == content(tmp_path / "batch")
    tailed, batch = (open_dataset(tmp_path / name).record("shop") for name in ("tailed", "batch"))
    assert (tailed.rows_in, tailed.rows, tailed.quarantined) == (batch.rows_in, batch.rows, batch.quarantined)


def test_late_events_lie_in_their_month(log: LiveLog, tmp_path: Path) -> None:
    log.append([Event("e1", "a", "x", "view", JUNE)])
    tail_once(log, tmp_path / "d", "shop")
    log.append([Event("e2", "a", "y", "view", MAY)])
    tail_once(log, tmp_path / "d", "shop")
    months = {path.parent.name for path in open_dataset(tmp_path / "d").files("shop")}
    assert months == {"month=2014-05", "month=2014-06"}


def test_a_round_without_news_writes_nothing(log: LiveLog, tmp_path: Path) -> None:
    log.append(events(5))
    tail_once(log, tmp_path / "d", "shop")
    before = open_dataset(tmp_path / "d").manifest.version
    done = tail_once(log, tmp_path / "d", "shop")
    assert done.read == done.taken == 0
    assert open_dataset(tmp_path / "d").manifest.version == before


def test_events_of_other_domains_are_passed_over_and_ids_are_native(log: LiveLog, tmp_path: Path) -> None:
    log.append(
        [
            Event("e1", "a", "shop:x%3A1", "view", MAY),
            Event("e2", "a", "books:7", "view", MAY),
            Event("e3", "a", "y", "view", MAY, domain="shop"),
            Event("e4", "a", "z", "view", MAY, domain="books"),
        ]
    )
    done = tail_once(log, tmp_path / "d", "shop")
    assert (done.read, done.taken, done.other_domains, done.cursor) == (4, 2, 2, 4)
    assert sorted(open_dataset(tmp_path / "d").rows("shop").collect()["item_id"]) == ["x:1", "y"]


def test_who_is_forgotten_by_the_log_is_taken_out_and_may_come_back(log: LiveLog, tmp_path: Path) -> None:
    now = int(time.time() * 1000)
    log.append([Event("e1", "ann", "x", "view", now - 50), Event("e2", "bob", "x", "view", now - 50)])
    tail_once(log, tmp_path / "d", "shop")
    log.forget("ann")
    log.append([Event("e3", "ann", "y", "view", now + 60_000)])
    done = tail_once(log, tmp_path / "d", "shop")
    assert done.erased == 1
    rows = open_dataset(tmp_path / "d").rows("shop").collect()
    assert sorted(zip(rows["user_id"], rows["item_id"], strict=True)) == [("ann", "y"), ("bob", "x")]
    assert tail_once(log, tmp_path / "d", "shop").taken == 0
    assert open_dataset(tmp_path / "d").record("shop").rows == 2


def test_what_was_known_around_an_event_stays_with_it(log: LiveLog, tmp_path: Path) -> None:
    told = '{"device": "phone", "session": "s1"}'
    log.append([Event("e1", "ann", "x", "purchase", MAY, value=9.5, recommendation_id="r1", context=told)])
    tail_once(log, tmp_path / "d", "shop")
    [kept] = open_dataset(tmp_path / "d").rows("shop").collect()["context"].to_list()
    assert json.loads(kept) == {"device": "phone", "session": "s1", "recommendation_id": "r1", "value": 9.5}


def test_who_is_forgotten_by_the_log_is_no_longer_linked(log: LiveLog, tmp_path: Path) -> None:
    now = int(time.time() * 1000)
    log.append([Event(f"e{user}", user, "x", "view", now - 50) for user in ("ann", "bob")])
    tail_once(log, tmp_path / "d", "shop")
    add_links(tmp_path / "d", pl.DataFrame({"domain": "shop", "user_id": ["ann", "bob"], "person_id": ["p1", "p2"]}))
    log.forget("ann")
    tail_once(log, tmp_path / "d", "shop")
    assert read_links(tmp_path / "d").table.rows() == [("shop", "bob", "p2")]
    assert "ann" not in (tmp_path / "d" / "links.json").read_text()


def test_the_same_id_in_a_domain_of_other_users_stays_linked_when_the_log_forgets_it(
    log: LiveLog, tmp_path: Path
) -> None:
    log.append([Event("e", "ann", "x", "view", int(time.time() * 1000) - 50)])
    tail_once(log, tmp_path / "d", "shop")
    (tmp_path / "films.csv").write_text("user_id,item_id\nann,f\n")
    import_source("tables", tmp_path / "films.csv", "films", tmp_path / "d")
    both = pl.DataFrame({"domain": ["shop", "films"], "user_id": ["ann", "ann"], "person_id": ["p1", "p1"]})
    add_links(tmp_path / "d", both)
    log.forget("ann")
    tail_once(log, tmp_path / "d", "shop")
    assert read_links(tmp_path / "d").table.rows() == [("films", "ann", "p1")]
    assert add_links(tmp_path / "d", both.tail(1)).removed_before == 0


@pytest.mark.parametrize("moment", range(4))
def test_a_killed_tail_goes_on_without_loss_or_repeats(url: str, log: LiveLog, tmp_path: Path, moment: int) -> None:
    log.append(events(200))
    out = tmp_path / "d"
    with subprocess.Popen([sys.executable, "-c", TAIL, url, str(out)]) as child:  # noqa: S603
        limit = time.monotonic() + 60
        while not (out / "manifest.json").exists() and child.poll() is None and time.monotonic() < limit:
            time.sleep(0.002)
        time.sleep(0.03 * moment)
        child.send_signal(signal.SIGKILL)
    while tail_once(log, out, "shop", limit=64).read:
        pass
    rows = open_dataset(out).rows("shop").collect()
    assert sorted(rows["position"]) == [cursor for cursor, _ in log.since(0, 1_000)]


def test_another_log_is_not_read_on_from_a_cursor_of_this_one(log: LiveLog, tmp_path: Path) -> None:
    log.append(events(5))
    tail_once(log, tmp_path / "d", "shop")
    with closing(open_log(f"sqlite:///{tmp_path / 'other.db'}")) as other:
        other.append(events(5))
        with pytest.raises(InvalidInput, match="expected the log that it was read from"):
            tail_once(other, tmp_path / "d", "shop")


def test_an_erasure_dated_ahead_is_handled_once(log: LiveLog, tmp_path: Path) -> None:
    ahead = int(time.time() * 1000) + 3_600_000
    log.append([Event("e1", "ann", "x", "view", ahead), Event("e2", "bob", "x", "view", MAY)])
    tail_once(log, tmp_path / "d", "shop")
    log.forget("ann")
    assert tail_once(log, tmp_path / "d", "shop").erased == 1
    before = open_dataset(tmp_path / "d").manifest.version
    assert tail_once(log, tmp_path / "d", "shop").erased == 0
    assert open_dataset(tmp_path / "d").manifest.version == before
