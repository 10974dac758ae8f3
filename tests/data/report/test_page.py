"""The page: every section with plot and table, nothing from outside as markup, nothing loaded, always the same."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import Unavailable
from crossrec.data.check import check
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.report.page import html_report, write_html_report

EVIL = "<script>alert('x')</script><img src=x onerror=1>"


class Reader(HTMLParser):
    """Collects tags, ids and text, and holds that tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def made(tmp_path: Path, *, source: str = "tables") -> Dataset:
    """Two domains: films with times, ratings, an evil title and evil refused values; songs with order alone."""
    lines = ["user_id,item_id,rating,timestamp"]
    lines += [f"u{n % 9},i{n % 14},{1 + n % 5},{1_500_000_000 + 50_000 * n}" for n in range(200)]
    lines += [f'u1,i1,"{EVIL}",1500000000', "u2,i2,$x_1$,1500000001"]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    titles = "\n".join(f'i{n},"{EVIL} {n}",{"A & B" if n % 2 else ""}' for n in range(14))
    (tmp_path / "items.csv").write_text(f"item_id,title,authors\n{titles}\n")
    songs = "\n".join("abcdefgh"[n % 8] + " " + " ".join(str(n * k % 11) for k in range(1, 6)) for n in range(1, 30))
    (tmp_path / "songs.txt").write_text(songs + "\n")
    items = {"items": str(tmp_path / "items.csv")}
    import_source("tables", tmp_path / "rows.csv", "films", tmp_path / "data", options=items, shared_users=True)
    import_source("sequences", tmp_path / "songs.txt", "songs", tmp_path / "data", shared_users=True)
    return open_dataset(tmp_path / "data")


def test_the_page_is_whole_and_loads_nothing(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    page = html_report(dataset, check(dataset))
    read = Reader(page)
    names = [tag for tag, _ in read.tags]
    assert not {"script", "img", "link", "iframe", "object", "a href"} & set(names)
    for _, attributes in read.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#"), "points out of the page"
    assert "http" not in re.sub(r'(http-equiv|xmlns:xlink="[^"]*")', "", page)
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids)), "an id stands twice"
    for used in re.findall(r"url\(#([^)]*)\)|xlink:href=\"#([^\"]*)", page):
        assert "".join(used) in ids


def test_every_plot_has_words_and_a_table_beside_it(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    page = html_report(dataset, check(dataset))
    sections = page.split("<section")[1:]
    drawn = [section for section in sections if "<svg" in section]
    assert len(drawn) >= 15
    for section in drawn:
        words = re.search(r'<svg role="img" aria-label="([^"]{20,})"', section)
        assert words and "<table>" in section and "<caption>" in section
    headings = re.findall(r"<h3[^>]*>([^<]*)</h3>", page)
    for wanted in ("Sparsity", "Popularity", "Activity over time", "Repeated pairs", "Ratings", "Quarantine"):
        assert wanted in headings
    assert "Order only" in page and "leave-last-out" in page and "global-time" in page


def test_text_from_outside_is_text(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    page = html_report(dataset, check(dataset))
    assert EVIL not in page and "<script" not in page and "onerror" not in re.sub(r">[^<]*<", "><", page)
    assert EVIL in Reader(page).text, "the evil title and value are shown, as text"
    assert "$x_1$" in page


def test_values_that_may_name_people_are_not_shown(tmp_path: Path) -> None:
    review = '{"reviewerID": "Ann Smith, Leeds\\u0007", "asin": "B01", "overall": 5.0, "unixReviewTime": 1400000000}\n'
    good = review.replace("Ann Smith, Leeds\\u0007", "A1")
    (tmp_path / "reviews.json").write_text(review + good + good.replace("A1", "A2"))
    import_source("amazon", tmp_path / "reviews.json", "shop", tmp_path / "data", options={"metadata": ""})
    dataset = open_dataset(tmp_path / "data")
    assert dataset.quarantine("shop").height == 1
    page = html_report(dataset, check(dataset))
    assert "Ann Smith" not in page and "not shown" in page and "reviews.json" in page


def test_the_same_data_give_the_same_page(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    assert html_report(dataset, check(dataset)) == html_report(dataset, check(dataset))


def test_figures_are_those_of_the_text_report(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    report = check(dataset)
    text = Reader(html_report(dataset, report)).text
    films = report.domains[0]
    assert f"{films.rows_in} rows in = {films.rows} taken + 2 quarantined" in text
    shared = {u for d in dataset.domains for u in dataset.rows(d).collect()["user_id"].unique()}
    assert report.shared_users == {"films & songs": 0} and len(shared) == films.users + report.domains[1].users


def test_one_row_and_nothing_else_makes_a_page(tmp_path: Path) -> None:
    pl.DataFrame({"user_id": ["a"], "item_id": ["x"], "timestamp": [1_500_000_000]}).write_csv(tmp_path / "one.csv")
    import_source("tables", tmp_path / "one.csv", "one", tmp_path / "data")
    dataset = open_dataset(tmp_path / "data")
    page = html_report(dataset, check(dataset))
    assert "No row has a rating" in page and "the source gives ids alone" in page


def test_the_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    report = check(dataset)
    path = tmp_path / "report.html"
    path.write_text("old")
    write_html_report(dataset, report, path)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [file.name for file in tmp_path.glob("*.html")] == ["report.html"]
    with pytest.raises(Unavailable, match=r"no/report\.html"):
        write_html_report(dataset, report, tmp_path / "no" / "report.html")
