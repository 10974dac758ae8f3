"""Real sets that are read by a few options: what was published of them, or what their own files say, is counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import Dataset

Taken = Callable[..., Dataset]

DOUBAN = {"header": "false", "user": "1", "item": "2", "rating": "3", "ratings": "1-5", "ordered": "false"}
STEAM = {"user": "User_ID", "item": "Game_ID"}


@pytest.mark.parametrize(
    ("source", "path", "counts", "options"),
    [
        ("tables", "book-crossing-caserec/book_history.dat.gz", (272_678, 2946, 17_384), {}),
        ("tables", "book-crossing-caserec/book_ratings.dat.gz", (62_656, 1295, 14_684), {"ratings": "1-10"}),
        ("tables", "steam-caserec/game_purchase.dat.gz", (129_511, 12_393, 5155), {**STEAM, "kind": "purchase"}),
        ("tables", "steam-caserec/game_play.dat.gz", (70_489, 11_350, 3600), {**STEAM, "weight": "Hours"}),
        ("tables", "retailrocket-caserec/view_ecommerce.dat.gz", (78_371, 3423, 8878), {}),
        ("tables", "retailrocket-caserec/add_to_cart_ecommerce.dat.gz", (9028, 1557, 4447), {"kind": "add_to_cart"}),
        ("tables", "retailrocket-caserec/purchase_ecommerce.dat", (5088, 824, 3077), {"kind": "purchase"}),
        ("tables", "douban-cdr/douban_book/ratings.dat.gz", (96_041, 2110, 6777), DOUBAN),
        ("tables", "douban-cdr/douban_music/ratings.dat.gz", (69_709, 1672, 5567), DOUBAN),
        ("sequences", "s3rec-Sports_and_Outdoors/Sports_and_Outdoors.txt.gz", (296_337, 35_598, 18_357), {}),
        ("split", "amazon-cdr-sport-phone/sport_phone", (50_558 + 3698, 4998, 20_845), {}),
        ("split", "amazon-cdr-sport-phone/phone_sport", (42_446 + 3999, 4998, 13_655), {}),
        ("reddit", "reddit-subreddit-sequences", (249_496, 18_281, 9130), {}),
    ],
)
def test_published_counts(
    data_root: Path, taken: Taken, source: str, path: str, counts: tuple[int, int, int], options: Mapping[str, str]
) -> None:
    """The readmes of the three sets of CaseRec count the line of names too, as one interaction more."""
    record = taken(source, data_root / path, **options).record("x")
    assert (record.rows_in, record.users, record.items) == counts
    assert set(record.quarantined) <= {"duplicate row"}


@pytest.mark.parametrize(
    ("path", "parts", "items"),
    [
        ("cdrib-game-video/game_video", {"train": 155_036, "valid": 1381, "test": 1304}, 12_319),
        ("cdrib-game-video/video_game", {"train": 156_091, "valid": 1435, "test": 1458}, 8751),
        ("amazon-cdr-sport-phone/sport_phone", {"train": 50_558, "test": 3698}, 20_845),
    ],
)
def test_published_parts(data_root: Path, taken: Taken, path: str, parts: dict[str, int], items: int) -> None:
    dataset = taken("split", data_root / path)
    found = dataset.rows("x").collect()["split"].cast(pl.String).value_counts()
    assert dict(found.rows()) == parts
    assert dataset.record("x").items == items


def test_the_shop_of_retailrocket_has_as_many_visitors_and_items_as_it_says(data_root: Path, taken: Taken) -> None:
    files = {"view_ecommerce.dat.gz": "view", "add_to_cart_ecommerce.dat.gz": "add_to_cart"}
    files["purchase_ecommerce.dat"] = "purchase"
    rows = pl.concat(
        taken("tables", data_root / "retailrocket-caserec" / name, kind=kind).rows("x").collect()
        for name, kind in files.items()
    )
    assert (rows["user_id"].n_unique(), rows["item_id"].n_unique()) == (3431, 8885)


def test_games_have_names(data_root: Path, taken: Taken) -> None:
    folder = data_root / "steam-caserec"
    names = {"items": str(folder / "item_info.dat.gz")}
    dataset = taken("tables", folder / "game_purchase.dat.gz", **STEAM, **names, kind="purchase")
    assert dict(dataset.items("x").rows())["2"] == "Fallout 4"
    assert dataset.items("x").height == 5155
    assert dataset.record("x").items_quarantined == {}


def test_communities_of_sequences_have_names_and_what_their_top_posts_say(data_root: Path, taken: Taken) -> None:
    posts = data_root / "reddit-top-posts-2013"
    dataset = taken("reddit", data_root / "reddit-subreddit-sequences", posts=str(posts))
    items, rows = dataset.items("x"), dataset.rows("x").collect()
    assert items["text"].count() == 1723
    assert (items["text"].str.count_matches("\n") + 1).sum() == 68_860
    assert rows.filter(pl.col("split").cast(pl.String) == "test").height == 18_281
    named = (data_root / "reddit-subreddit-sequences" / "vocab.txt").read_text(encoding="utf-8").split()
    assert set(items.drop_nulls("text")["item_id"]) <= set(named)
    assert rows.filter(~pl.col("item_id").str.starts_with("code:"))["item_id"].is_in(named).all()
    assert rows["item_id"][0] == "AskReddit"


@pytest.mark.parametrize(
    ("path", "options", "missing"),
    [
        ("cdnow/CDNOW_master.txt.gz", {"separator": "space", "user": "customer_id"}, "item_id"),
        ("open-bandit-sample/random/men/men.csv.gz", {}, "user_id"),
    ],
)
def test_sets_without_items_or_without_users_are_refused(
    data_root: Path, taken: Taken, path: str, options: Mapping[str, str], missing: str
) -> None:
    """CDNOW says how many records were bought and not which; Open Bandit names no one who saw its lists."""
    with pytest.raises(InvalidInput, match=rf"expected a column '{missing}'"):
        taken("tables", data_root / path, **options)
