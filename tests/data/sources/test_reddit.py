from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
import zstandard

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.check import check
from crossrec.data.dataset import Dataset
from crossrec.data.intake.importing import ImportSummary, import_source
from crossrec.data.source import Reading

Write, Taken, Read = Callable[..., Path], Callable[..., Dataset], Callable[..., Reading]

# The forms of the Pushshift dumps from 2005 on, with values of our own.
COMMENT = {
    "author": "real_name", "body": "text of real_name", "created_utc": 1134366848, "id": "c13", "link_id": "t3_17817",
    "parent_id": "t1_c12", "score": 2, "subreddit": "woodworking", "subreddit_id": "t5_2qlqp",
}  # fmt: skip
POST = {
    "author": "real_name", "created_utc": "1409529600", "id": "17817", "num_comments": 3, "over_18": False,
    "selftext": "text of real_name", "subreddit": "woodworking", "subreddit_id": "t5_2qlqp", "subreddit_type": "public",
    "subreddit_subscribers": 131, "title": "A table", "crosspost_parent_list": [{"author": "x", "created_utc": 1.0}],
}  # fmt: skip


@pytest.fixture(autouse=True)
def salt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREC_SALT", "a secret of sixteen or more")


def lines(*rows: dict[str, object]) -> list[str]:
    return [json.dumps(row) for row in rows]


def files() -> dict[str, list[str]]:
    return {
        "RC_2015-05": lines(
            COMMENT,
            COMMENT | {"author": "[deleted]"},
            COMMENT | {"author": "AutoModerator"},
            COMMENT | {"author": "WikiTextBot"},
            COMMENT | {"author": "Second_Name", "created_utc": 1706745600.0, "subreddit_type": "public"},
            COMMENT | {"subreddit": "u_real_name"},
            COMMENT | {"created_utc": 1},
        ),
        "RS_2015-05.gz": lines(
            POST,
            POST | {"author": None, "over_18": True, "subreddit_subscribers": 140},
            POST | {"author": "[removed]", "over_18": True},
            POST | {"subreddit": "profiles", "subreddit_type": "user"},
        ),
    }


def test_comments_and_submissions_on_communities(write: Write, taken: Taken, tmp_path: Path) -> None:
    dataset = taken("reddit", write(files()))
    rows = dataset.rows("x").collect()
    assert rows.select("item_id", "timestamp", "interaction_type", "rating").rows() == [
        ("woodworking", 1134366848000, "comment", None),
        ("woodworking", 1706745600000, "comment", None),
        ("woodworking", 1409529600000, "share", None),
    ]
    users = rows["user_id"].to_list()
    assert users[0] == users[2] != users[1]
    assert {len(user) for user in users} == {32}
    assert dataset.record("x").rows_in == 11
    assert dataset.record("x").quarantined == {
        "author is deleted": 3, "author is a bot": 2, "community is a person's page": 2,
        "timestamp outside 1990 to 2100": 1,
    }  # fmt: skip
    assert set(dataset.quarantine("x")["value"]) == {None, "1"}
    assert set(dataset.record("x").by_rule) == set(dataset.record("x").quarantined) - {"timestamp outside 1990 to 2100"}
    assert dataset.items("x").rows(named=True) == [
        {
            "item_id": "woodworking", "subreddit_id": "t5_2qlqp", "type": "public", "subscribers": 140, "nsfw": True,
            "posts": 3, "comments": 6,
        }
    ]  # fmt: skip
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()).lower()
    assert b"real_name" not in written
    assert b"second_name" not in written


def test_rows_set_aside_by_rule_are_no_fault_to_warn_of(write: Write, taken: Taken) -> None:
    deleted = [COMMENT | {"author": "[deleted]", "created_utc": 1134366848 + number} for number in range(9)]
    folder = write({"RC_1": lines(COMMENT, *deleted)})
    assert not [problem for problem in check(taken("reddit", folder)).problems if "quarantined" in problem.message]
    write({"RC_1": [*lines(COMMENT), "broken", "broken"]})
    warned = [problem.message for problem in check(taken("reddit", folder)).problems]
    assert "2 of 3 rows were quarantined" in warned


def test_threads_and_bots_kept(write: Write, taken: Taken) -> None:
    dataset = taken("reddit", write(files()), item="thread", bots="keep")
    assert dataset.rows("x").collect()["item_id"].to_list() == ["t3_17817"] * 5
    assert dataset.items("x").rows(named=True) == [
        {
            "item_id": "t3_17817", "subreddit": "woodworking", "subreddit_id": "t5_2qlqp", "title": "A table",
            "nsfw": True, "posts": 3, "comments": 6,
        }
    ]  # fmt: skip


def test_every_packing_and_a_later_import_give_the_same_persons(write: Write, read: Read, tmp_path: Path) -> None:
    folder = write({"RC_2015-05": lines(COMMENT)})
    packed = zstandard.ZstdCompressor().compress("".join(f"{line}\n" for line in lines(POST)).encode())
    (folder / "woodworking_submissions.zst").write_bytes(packed)
    reading = read("reddit", folder)
    assert reading.rows.collect()["user_id"].n_unique() == 1
    alone = read("reddit", folder / "woodworking_submissions.zst")
    assert alone.rows.collect()["user_id"][0] == reading.rows.collect()["user_id"][0]
    assert alone.pseudonyms == reading.pseudonyms != ""
    assert alone.by_rule == ("author is deleted", "author is a bot", "community is a person's page")
    assert not list((tmp_path / "work").glob("**/*.txt"))  # text is never unpacked to disk


def test_appending_needs_the_same_salt(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def imported(there: Literal["replace", "append"]) -> ImportSummary:
        return import_source("reddit", tmp_path / "in", "x", tmp_path / "out", there=there)

    write({"RC_1": lines(COMMENT)})
    first = imported("replace")
    monkeypatch.delenv("CROSSREC_SALT")
    assert not imported("append").changed  # the same file needs no salt
    write({"RS_1": lines(POST)})
    with pytest.raises(InvalidInput, match="append: expected users hashed with the salt that the domain was made with"):
        imported("append")
    monkeypatch.setenv("CROSSREC_SALT", "a secret of sixteen or more")
    grown = imported("append")
    assert (first.record.users, grown.record.users, grown.record.rows) == (1, 1, 2)
    assert grown.record.pseudonyms == first.record.pseudonyms != ""


def test_without_a_salt_it_is_said(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSREC_SALT")
    summary = import_source("reddit", write({"RC_1": lines(COMMENT)}), "x", tmp_path / "out")
    assert "CROSSREC_SALT is not set" in str(summary)
    with pytest.raises(InvalidInput, match="reddit: no option called 'salt'"):
        import_source("reddit", tmp_path / "in", "x", tmp_path / "out", options={"salt": "s"}, there="replace")


def test_broken_lines_are_counted_and_never_shown(write: Write, taken: Taken) -> None:
    rows = lines(*[COMMENT | {"created_utc": 1134366848 + number} for number in range(1_000)])
    dataset = taken("reddit", write({"RC_1": [*rows[:500], rows[0][:-3], "real_name", *rows[500:]]}))
    assert dataset.record("x").rows == 1_000
    assert dataset.quarantine("x").rows() == [
        ("RC_1", 501, "", "not a JSON object", None),
        ("RC_1", 502, "", "not a JSON object", None),
    ]


def test_what_does_not_fit_is_named(write: Write, taken: Taken) -> None:
    folder = write({"RC_1": ['{"author": "x", "subreddit": "y"}']})
    with pytest.raises(InvalidInput, match="RC_1, row 1: expected a key 'created_utc', got author, subreddit"):
        taken("reddit", folder)
    write({"RC_1": ['{"author": "x", "subreddit": "y", "created_utc": 1}']})
    with pytest.raises(InvalidInput, match=r"expected a key 'link_id' \(comments\) or 'title'"):
        taken("reddit", folder)
    with pytest.raises(InvalidInput, match="option item: expected one of subreddit, thread, got 'user'"):
        taken("reddit", folder, item="user")
    (folder / "RC_1").rename(folder / "other")
    with pytest.raises(NotFound, match=r"reddit: expected rc_\* or"):
        taken("reddit", folder)


def test_the_real_excerpt(data_root: Path, taken: Taken) -> None:
    folder = data_root / "pushshift-sample"
    names = []
    for name in ("RC_sample.ndjson", "RS_sample.ndjson"):
        names += [json.loads(line)["author"] for line in (folder / name).read_text(encoding="utf-8").splitlines()]
    assert len(names) == 58
    dataset = taken("reddit", folder, bots="keep")
    record = dataset.record("x")
    assert record.quarantined == {"author is deleted": names.count("[deleted]"), "community is a person's page": 1}
    assert record.rows_in == 58
    kinds = dataset.rows("x").collect()["interaction_type"].cast(pl.String).value_counts()
    assert dict(kinds.rows()) == {"comment": 27 - 5, "share": 30}
    assert taken("reddit", folder).record("x").quarantined["author is a bot"] == 1
    assert not set(names) & set(dataset.rows("x").collect()["user_id"])


def test_the_table_of_comments_of_may_2015(data_root: Path, taken: Taken) -> None:
    path = data_root / "reddit-2015-05-mini" / "commentData_1000.csv.gz"
    options = {"header": "false", "user": "2", "item": "3", "hash_users": "true", "kind": "comment", "repeats": "true"}
    dataset = taken("tables", path, **options)
    record = dataset.record("x")
    assert (record.rows, record.users, record.items) == (4824, 3174, 929)
    assert dataset.rows("x").collect()["user_id"].str.contains("^[0-9a-f]{32}$").all()
