from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crossrec.data.dataset import Dataset
from crossrec.data.schema import TIES
from crossrec.data.source import Reading

Write, Taken, Read = Callable[..., Path], Callable[..., Dataset], Callable[..., Reading]

# The forms of the readme of hetrec2011-lastfm-2k, with values of our own.
FILES = {
    "user_artists.dat": "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t0\n3\t51\t7\n",
    "artists.dat": 'id\tname\turl\tpictureURL\n51\tDuran "D" Duran\thttp://l/D\thttp://p/1.jpg\n52\tX\thttp://l/X\n',
    "user_friends.dat": "userID\tfriendID\n2\t3\n3\t2\n2\t2\n2\t3\n2\t\n",
    "tags.dat": "tagID\ttagValue\n1\tmetal\n2\tnew wave\n",
    "user_taggedartists.dat": "userID\tartistID\ttagID\tday\tmonth\tyear\n2\t51\t1\t1\t4\t2009\n"
    "2\t51\t2\t1\t4\t2009\n3\t51\t2\t1\t4\t2009\n",
}


def test_plays_artists_and_friends(write: Write, taken: Taken, read: Read) -> None:
    folder = write(FILES)
    dataset = taken("lastfm", folder)
    assert dataset.rows("x").select("user_id", "item_id", "weight", "interaction_type").collect().rows() == [
        ("2", "51", 13883.0, "play"),
        ("3", "51", 7.0, "play"),
    ]
    record = dataset.record("x")
    assert record.quarantined == {"weight is not above 0": 1}
    assert not (record.has_order or record.has_times)
    assert dataset.items("x").rows(named=True) == [
        {"item_id": "51", "title": 'Duran "D" Duran', "link": "http://l/D", "tags": ["new wave", "metal"]}
    ]
    reading = read("lastfm", folder)
    assert reading.ties is not None
    assert reading.ties.schema == TIES
    assert reading.ties.rows() == [("2", "3", "friend", 1.0), ("3", "2", "friend", 1.0)]
    assert reading.item_refused.select("file", "row", "column", "reason", "value").rows() == [
        ("artists.dat", 3, "", "expected 4 fields", "52\tX\thttp://l/X"),
        ("user_friends.dat", 4, "other_id", "a tie with oneself", "2"),
        ("user_friends.dat", 5, "", "duplicate tie", "2 3"),
        ("user_friends.dat", 6, "other_id", "other_id is missing", ""),
    ]


def test_the_plays_alone_are_enough(write: Write, read: Read) -> None:
    reading = read("lastfm", write({"user_artists.dat": FILES["user_artists.dat"]}))
    assert (reading.items, reading.ties) == (None, None)


def test_published_counts(data_root: Path, taken: Taken, read: Read) -> None:
    folder = data_root / "hetrec2011-lastfm-2k"
    record = taken("lastfm", folder).record("x")
    assert (record.rows, record.users, record.items, record.catalogue) == (92_834, 1892, 17_632, 17_632)
    assert (record.quarantined, record.items_quarantined) == ({}, {})
    reading = read("lastfm", folder)
    assert reading.ties is not None
    assert reading.ties.height == 2 * 12_717
    assert reading.ties["user_id"].n_unique() == 1892
    assert reading.item_refused.height == 0
