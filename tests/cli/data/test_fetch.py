from __future__ import annotations

import dataclasses
import gzip
import io
import json
import shlex
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.data.fetching.publisher import Publisher, publishing

from crossrec.data.fetching import corpora
from crossrec.data.fetching.corpus import RemoteFile

pytestmark = pytest.mark.network


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch, ratings: Path) -> Iterator[Publisher]:
    """MovieLens latest-small at its register's name, published on this machine."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(ratings.iterdir()):
            archive.write(file, f"ml-latest-small/{file.name}")
    with publishing() as made:
        url = made.add("/ml-latest-small.zip", packed.getvalue())
        found = dataclasses.replace(corpora.corpus("movielens-latest-small"), files=(RemoteFile(url, "ratings"),))
        monkeypatch.setattr("crossrec.cli.data.fetch.corpus", lambda _name: found)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield made


def test_fetch_then_the_command_it_prints_imports(
    run: Run, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said, told = run("data", "fetch", "movielens-latest-small", "--yes")
    assert code == 0 and "acknowledge the data" in told and "Harper and Joseph A. Konstan" in told
    command = said.strip().rsplit("next: ", 1)[1]
    assert command == (
        "crossrec data import movielens downloads/movielens-latest-small/ml-latest-small.zip --domain films --out data"
    )
    assert run(*shlex.split(command)[1:])[0] == 0
    assert (tmp_path / "data" / "manifest.json").exists()


def test_an_older_edition_of_amazon_is_read_from_its_folder(
    run: Run, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but the files of the corpus lies where the source looks."""
    lines = [
        json.dumps({"reviewerID": f"u{n % 9}", "asin": f"i{n}", "overall": 5.0, "unixReviewTime": 1_400_000_000 + n})
        for n in range(40)
    ]
    reviews = publisher.add("/reviews_Baby_5.json.gz", gzip.compress("\n".join(lines).encode()))
    products = publisher.add("/meta_Baby.json.gz", gzip.compress(b'{"asin": "i1", "title": "Rattle"}\n'))
    files = (RemoteFile(reviews, "reviews"), RemoteFile(products, "metadata"))
    found = dataclasses.replace(corpora.corpus("amazon-2014:Baby_5"), files=files)
    monkeypatch.setattr("crossrec.cli.data.fetch.corpus", lambda _name: found)
    monkeypatch.chdir(tmp_path)
    code, said, _ = run("data", "fetch", "amazon-2014:Baby_5", "--yes")
    command = said.strip().rsplit("next: ", 1)[1]
    assert code == 0 and command.startswith("crossrec data import amazon downloads/amazon-2014/Baby_5 --domain baby ")
    code, said, error = run(*shlex.split(command)[1:], "--json")
    assert code == 0, error
    assert json.loads(said)["rows"] == 40


def test_without_a_terminal_consent_needs_yes(
    run: Run, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code, _, error = run("data", "fetch", "movielens-latest-small", "--out", tmp_path / "d")
    assert code == 7 and "say --yes" in error and publisher.asked == []
    told = [
        error.index(words) for words in ("from: http", "terms: For research", "lay ml-latest-small.zip in", "--yes")
    ]
    assert told == sorted(told), "address, terms and the way without the network are shown before consent is asked for"
    assert run("data", "fetch", "movielens-latest-small", "--out", tmp_path / "d", "--yes")[0] == 0
    code, said, _ = run("data", "fetch", "movielens-latest-small", "--out", tmp_path / "d", "--json")
    assert code == 0 and json.loads(said)[0]["files"][0]["how"] == "was here", "the consent is remembered"


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 7)])
def test_at_a_terminal_the_person_is_asked(
    run: Run, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    found, _, told = run("data", "fetch", "movielens-latest-small", "--out", tmp_path / "d")
    assert found == code and "Do you agree" in told
    assert (tmp_path / "d" / "consents.json").exists() == (code == 0)


def test_list_has_every_corpus_and_asks_no_one(run: Run) -> None:
    code, said, _ = run("data", "fetch", "--list")
    assert code == 0 and "amazon-2023:Electronics" in said and "reddit:YYYY-MM" in said and "25,000,095" in said
    found = json.loads(run("data", "fetch", "--list", "--json")[1])
    assert len(found["corpora"]) == len(corpora.corpora())
    assert found["corpora"][0]["files"][0]["url"].startswith("https://files.grouplens.org/")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["amazon-2023:Electronic"], 3, "did you mean 'Electronics'"),
        (["reddit:2015-05"], 3, "academictorrents.com"),
        ([], 2, "--list"),
    ],
)
def test_what_cannot_be_fetched_says_why(run: Run, tmp_path: Path, words: list[str], code: int, said: str) -> None:
    found, _, error = run("data", "fetch", *words, "--yes", "--out", tmp_path)
    assert found == code and said in error
