from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crossrec.core.errors import NotFound
from crossrec.data.fetching.corpora import corpora, corpus
from crossrec.data.schema import check_domain

OFFICIAL = {
    "files.grouplens.org",
    "mcauleylab.ucsd.edu",
    "snap.stanford.edu",
    "github.com",
    "datasets.imdbws.com",
}


def test_every_address_is_https_at_its_publisher_and_unique() -> None:
    urls = [file.url for one in corpora() for file in one.files]
    assert {urlsplit(url).scheme for url in urls} == {"https"}
    assert {urlsplit(url).hostname for url in urls} == OFFICIAL
    shared = {url for url in urls if urls.count(url) > 1}
    assert all("goodreads/goodreads_book_" in url for url in shared), "only Goodreads' genres share files"


def test_every_corpus_is_found_under_its_own_name_and_says_its_terms() -> None:
    names = [one.name for one in corpora()]
    assert len(set(names)) == len(names)
    for one in corpora():
        assert corpus(one.name) == one and corpus(one.name.upper()) == one
        assert one.licence.terms and one.licence.page.startswith("https://") and one.citation
        assert len({file.name for file in one.files}) == len(one.files), "two files of one name in one folder"


@pytest.mark.parametrize(
    ("family", "count"), [("movielens", 8), ("amazon-2023", 34), ("amazon-2018", 29), ("amazon-2014", 24)]
)
def test_the_families_are_complete(family: str, count: int) -> None:
    assert len([one for one in corpora() if one.name.startswith(family)]) == count


def test_published_hashes_stand_beside_every_fixed_release_of_movielens() -> None:
    for one in corpora():
        for file in one.files:
            if one.name.startswith("movielens-"):
                assert file.md5_url == f"{file.url}.md5"
                fixed = "latest" not in one.name
                assert bool(re.fullmatch("[0-9a-f]{32}", file.md5)) == fixed


def test_published_counts_of_amazon_2023_add_up() -> None:
    """The page states 571.54M reviews over its 33 categories."""
    counted = [one.counts for one in corpora() if one.name.startswith("amazon-2023:") and "Unknown" not in one.name]
    total = sum(counts.interactions or 0 for counts in counted)
    assert all(counts.rounded for counts in counted)
    assert abs(total + 63_800_000 - 571_540_000) < 2_000_000  # the figure includes Unknown; each line is rounded


def test_addresses_of_each_edition() -> None:
    lab = "https://mcauleylab.ucsd.edu/public_datasets/data/"
    assert [file.url for file in corpus("amazon-2023:Electronics").files] == [
        f"{lab}amazon_2023/raw/review_categories/Electronics.jsonl.gz",
        f"{lab}amazon_2023/raw/meta_categories/meta_Electronics.jsonl.gz",
    ]
    assert [file.url for file in corpus("amazon-2018:gift-cards_5").files] == [
        f"{lab}amazon_v2/categoryFilesSmall/Gift_Cards_5.json.gz",
        f"{lab}amazon_v2/metaFiles2/meta_Gift_Cards.json.gz",
    ]
    assert corpus("amazon-2014:Baby").files[0].name == "reviews_Baby.json.gz"
    assert corpus("goodreads:poetry").files[0].url.endswith("/byGenre/goodreads_interactions_poetry.json.gz")


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("movielens-25", "movielens-25m"),
        ("amazon-2023:Electronic", "Electronics"),
        ("amazon-2023:clothing", "Clothing_Shoes_and_Jewelry"),
        ("goodreads:potery", "poetry"),
        ("amazon-2032:Books", "amazon-2023:Books"),
    ],
)
def test_a_wrong_name_gives_the_nearest(asked: str, near: str) -> None:
    with pytest.raises(NotFound, match=f"did you mean '{near}'"):
        corpus(asked)


@pytest.mark.parametrize("asked", ["netflix", "amazon-2023", "amazon-2023:Books_5", "goodreads", "reddit:2015-13", ""])
def test_what_is_not_there_is_not_found(asked: str) -> None:
    with pytest.raises(NotFound, match=r"There are|expected YYYY-MM|did you mean"):
        corpus(asked)


def test_reddit_has_no_address_and_says_where_it_is() -> None:
    month = corpus("reddit:2015-05")
    assert month.files == () and month.expected == ("RC_2015-05.zst", "RS_2015-05.zst")
    assert "https://academictorrents.com/" in month.note
    assert corpus("reddit:2005-07").expected == ("RS_2005-07.zst",)
    with pytest.raises(NotFound, match="from 2005-06 on"):
        corpus("reddit:2004-01")


def test_imdb_says_how_it_is_added_to_movielens() -> None:
    assert corpus("imdb").import_command(Path("my downloads")) == (
        "crossrec data import movielens 'my downloads/movielens-25m/ml-25m.zip' --domain films --out data "
        "--option imdb='my downloads/imdb'"
    )


def test_domains_of_one_edition_differ() -> None:
    for edition in ("amazon-2023", "amazon-2018", "amazon-2014"):
        domains = [one.domain for one in corpora() if one.name.startswith(edition)]
        assert len(set(domains)) == len(domains) and all(check_domain(domain) for domain in domains)


def test_parts_are_chosen_by_name() -> None:
    books = corpus("goodreads:poetry")
    assert {file.part for file in books.chosen()} == {"interactions", "books", "reviews", "authors", "genres"}
    assert [file.part for file in books.chosen(("works",))] == ["works"]
    with pytest.raises(NotFound, match="did you mean 'reviews'"):
        books.chosen(("review",))
