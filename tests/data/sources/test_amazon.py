from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput
from crossrec.data.dataset import Dataset
from crossrec.data.source import Reading

Write, Taken, Read = Callable[..., Path], Callable[..., Dataset], Callable[..., Reading]

# The forms of https://amazon-reviews-2023.github.io/, https://nijianmo.github.io/amazon/ and
# https://jmcauley.ucsd.edu/data/amazon/, with values of our own.
REVIEW_2023 = {
    "rating": 5.0, "title": "Such a lovely scent", "text": "by Secret Name", "images": [], "asin": "B00YQ6X8EO",
    "parent_asin": "B00YQ6X8E0", "user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ", "timestamp": 1588687728923,
    "helpful_vote": 3, "verified_purchase": True,
}  # fmt: skip
PRODUCT_2023 = {
    "main_category": "All Beauty", "title": "Hair Spray", "average_rating": 4.8, "rating_number": 10,
    "features": ["Light", "Lasting"], "description": ["A spray.", "For hair."], "price": "1,012.50",
    "images": [{"thumb": "https://m.example/t.jpg", "large": "https://m.example/l.jpg", "variant": "MAIN"}],
    "videos": [], "store": "Herbivore", "categories": ["Beauty", "Hair"], "details": {"Brand": "H"},
    "parent_asin": "B00YQ6X8E0", "bought_together": None,
}  # fmt: skip
REVIEW_2018 = {
    "overall": 5.0, "vote": "1,002", "verified": True, "reviewTime": "01 1, 2018", "reviewerID": "AUI6WTTT0QZYS",
    "asin": "5120053084", "style": {"Size:": "Large"}, "reviewerName": "Secret Name", "reviewText": "I like it",
    "summary": "It", "unixReviewTime": 1514764800,
}  # fmt: skip
PRODUCT_2018 = {
    "asin": "5120053084", "title": "Tutu", "feature": ["Pink"], "description": ["Soft"], "price": "$3.17",
    "imageURL": ["https://m.example/s.jpg"], "imageURLHighRes": ["https://m.example/h.jpg"], "brand": "Coxlures",
    "also_buy": ["B00JHONN1S"], "also_view": [], "main_cat": "Sports", "category": ["Sports", "Tutus"],
}  # fmt: skip
REVIEW_2014 = {
    "reviewerID": "A2SUAM1J3GNN3B", "asin": "0000013714", "reviewerName": "Secret Name", "helpful": [2, 3],
    "reviewText": "I bought this", "overall": 4.0, "summary": "Hymns", "unixReviewTime": 1252800000,
    "reviewTime": "09 13, 2009",
}  # fmt: skip
PRODUCT_2014 = (
    "{'asin': '0000013714', 'title': \"Kids' Tutu\", 'price': 3.17, 'imUrl': 'http://m.example/i.jpg', 'related': "
    "{'also_bought': ['B00JHONN1S'], 'bought_together': []}, 'salesRank': {'Toys': 1}, 'brand': 'Coxlures', "
    "'categories': [['Sports', 'Outdoors'], ['Sports', 'Dance']]}"
)


def test_2023_with_products(write: Write, taken: Taken) -> None:
    rows = [
        json.dumps(REVIEW_2023),
        json.dumps(REVIEW_2023 | {"user_id": "B", "asin": "B00YQ6X8E0", "helpful_vote": 0}),
    ]
    folder = write({"All_Beauty.jsonl.gz": rows, "meta_All_Beauty.jsonl.gz": [json.dumps(PRODUCT_2023)]})
    dataset = taken("amazon", folder)
    assert dataset.rows("x").select("user_id", "item_id", "rating", "timestamp", "context").collect().rows() == [
        (
            "AGKHLEW2SOWHNMFQIJGBECAF7INQ", "B00YQ6X8E0", 5.0, 1588687728923,
            '{"verified":true,"helpful_vote":3,"asin":"B00YQ6X8EO"}',
        ),
        ("B", "B00YQ6X8E0", 5.0, 1588687728923, '{"verified":true,"helpful_vote":0,"asin":"B00YQ6X8E0"}'),
    ]  # fmt: skip
    assert dataset.items("x").row(0, named=True) == {
        "item_id": "B00YQ6X8E0", "title": "Hair Spray", "brand": "Herbivore", "price": 1012.5, "category": "All Beauty",
        "categories": ["Beauty", "Hair"], "text": "Light\nLasting\nA spray.\nFor hair.",
        "image": "https://m.example/l.jpg",
    }  # fmt: skip
    assert "text" not in taken("amazon", folder, text="false").items("x").columns


def test_2018_with_products(write: Write, taken: Taken) -> None:
    folder = write({"Sports_5.json.gz": [json.dumps(REVIEW_2018)], "meta_Sports.json.gz": [json.dumps(PRODUCT_2018)]})
    dataset = taken("amazon", folder)
    assert dataset.rows("x").collect()["context"].to_list() == ['{"verified":true,"helpful_vote":1002}']
    assert dataset.items("x").row(0, named=True) == {
        "item_id": "5120053084", "title": "Tutu", "brand": "Coxlures", "price": 3.17, "category": "Sports",
        "categories": ["Sports", "Tutus"], "text": "Pink\nSoft", "image": "https://m.example/h.jpg",
        "also_bought": ["B00JHONN1S"],
    }  # fmt: skip


def test_2014_with_products_as_python_literals(write: Write, taken: Taken) -> None:
    folder = write(
        {
            "reviews_Sports_5.json": [json.dumps(REVIEW_2014)],
            "meta_Sports.json.gz": [PRODUCT_2014, "{'asin': __import__('os')}", "{'asin': 'cut"],
        }
    )
    dataset = taken("amazon", folder)
    assert dataset.rows("x").collect()["context"].to_list() == ['{"helpful_vote":2}']
    assert dataset.items("x").row(0, named=True) == {
        "item_id": "0000013714", "title": "Kids' Tutu", "brand": "Coxlures", "price": 3.17, "category": None,
        "categories": ["Sports", "Outdoors", "Dance"], "image": "http://m.example/i.jpg", "also_bought": ["B00JHONN1S"],
    }  # fmt: skip
    assert dataset.record("x").items_quarantined == {"not a JSON object": 2}


def test_invalid_json_in_the_middle_is_quarantined_without_its_text(write: Write, taken: Taken, tmp_path: Path) -> None:
    rows = [json.dumps(REVIEW_2023 | {"user_id": f"u{number}"}) for number in range(5_000)]
    dataset = taken("amazon", write({"x.jsonl": [*rows[:2_500], rows[0][:-20], "Secret Name", *rows[2_500:]]}))
    assert dataset.record("x").rows == 5_000
    assert dataset.quarantine("x").select("row", "reason", "value").rows() == [
        (2501, "not a JSON object", None),
        (2502, "not a JSON object", None),
    ]
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"Secret" not in written


def test_a_repeat_is_quarantined_without_whose_it_was(write: Write, taken: Taken) -> None:
    """Also where an id holds what stands between the two."""
    row = REVIEW_2023 | {"user_id": "Secret, item Name"}
    found = taken("amazon", write({"Books.jsonl": [json.dumps(row), json.dumps(row)]})).quarantine("x")
    assert found.select("row", "reason", "value").rows() == [(2, "duplicate row", f"item {row['parent_asin']}")]


def test_products_of_another_category_are_refused(write: Write, taken: Taken, read: Read) -> None:
    other = [json.dumps(PRODUCT_2023 | {"parent_asin": f"C{number}"}) for number in range(101)]
    folder = write({"Books.jsonl": [json.dumps(REVIEW_2023)], "meta_Books.jsonl": other})
    with pytest.raises(
        InvalidInput, match=r"Books\.jsonl, meta_Books\.jsonl: .* got 0 of 1 reviewed items among 101 products"
    ):
        taken("amazon", folder)
    write({"meta_Books.jsonl": other[:100]})
    assert taken("amazon", folder).record("x").rows == 1  # too few to tell
    write({"meta_Books.jsonl": [*other, json.dumps(PRODUCT_2023)]})
    assert taken("amazon", folder).record("x").catalogue == 102
    assert read("amazon", folder).notes == ()


@pytest.mark.parametrize(
    ("reviews", "products", "refused"),
    [
        ("Books.jsonl", "meta_Electronics.jsonl", True),
        ("Books_5.json.gz", "meta_Toys_and_Games.json.gz", True),
        ("Books.jsonl", "meta_Books.jsonl", False),
        ("mine.jsonl", "meta_Electronics.jsonl", False),  # an excerpt: its name says nothing
        ("Books.jsonl", "meta.jsonl", False),
    ],
)
def test_a_few_products_are_of_another_category_where_both_names_say_so(
    write: Write, taken: Taken, read: Read, reviews: str, products: str, refused: bool
) -> None:
    other = json.dumps(PRODUCT_2023 | {"parent_asin": "C1"})
    folder = write({reviews: [json.dumps(REVIEW_2023)], products: [other]})
    if not refused:
        assert taken("amazon", folder).record("x").rows == 1
        assert "got 0 of 1 reviewed items among 1 products: look whether" in read("amazon", folder).notes[0]
        return
    with pytest.raises(InvalidInput, match="got 0 of 1 reviewed items among 1 products; name the right product file"):
        taken("amazon", folder)
    write({products: [other, json.dumps(PRODUCT_2023)]})
    assert taken("amazon", folder).record("x").catalogue == 2, "one item in common says that the names are wrong"


def test_one_category_at_a_time(write: Write, taken: Taken) -> None:
    product = json.dumps(PRODUCT_2023)
    folder = write(
        {
            "Books.jsonl": [json.dumps(REVIEW_2023)],
            "Electronics.jsonl": [json.dumps(REVIEW_2023)],
            "meta_Books.jsonl": [product],
            "meta_Electronics.jsonl": [product],
        }
    )
    with pytest.raises(InvalidInput, match=r"one category, got Books\.jsonl, Electronics\.jsonl"):
        taken("amazon", folder)
    record = taken("amazon", folder / "Books.jsonl").record("x")
    assert [file.name for file in record.files] == ["Books.jsonl", "meta_Books.jsonl"]
    (folder / "Electronics.jsonl").rename(folder / "meta_Home.jsonl")
    (folder / "meta_Books.jsonl").rename(folder / "meta_Toys.jsonl")
    with pytest.raises(InvalidInput, match="none is called like Books.jsonl: name it with option metadata"):
        taken("amazon", folder)
    named = taken("amazon", folder, metadata=str(folder / "meta_Toys.jsonl"))
    assert named.items("x")["title"].to_list() == ["Hair Spray"]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("amazon2014-Musical_Instruments_5", (10_261, 1429, 900)),
        ("amazon2018-Gift_Cards_5", (2972, 458, 148)),
        ("amazon2023-mini-crossdomain", (3455, 354, 3228)),
    ],
)
def test_published_counts(data_root: Path, taken: Taken, name: str, counts: tuple[int, int, int]) -> None:
    record = taken("amazon", data_root / name).record("x")
    assert (record.rows_in, record.users, record.items) == counts
    assert record.rows + record.quarantined.get("duplicate row", 0) == record.rows_in
