from __future__ import annotations

import dataclasses
import hashlib
import json
import socket
from pathlib import Path

import pytest
from tests.data.fetching.publisher import Publisher, free_disk

from crossrec.core.errors import CorruptBundle, InvalidInput, NotFound, Refused, Unavailable
from crossrec.data.fetching.corpora import corpus
from crossrec.data.fetching.corpus import Corpus, RemoteFile
from crossrec.data.fetching.download import Way
from crossrec.data.fetching.fetch import RECEIPTS, fetch

BODY = b"userId,movieId,rating,timestamp\n" * 1000
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
WAY = Way(timeout=5, pause=lambda _seconds: None, free=free_disk(1 << 40))
pytestmark = pytest.mark.network


@pytest.fixture
def films(publisher: Publisher) -> Corpus:
    """MovieLens 25M, published on this machine with its hash beside it."""
    url = publisher.add("/ml-25m.zip", BODY)
    publisher.add("/ml-25m.zip.md5", f"MD5 (ml-25m.zip) = {MD5}\n".encode(), kind="text/plain")
    file = RemoteFile(url, "ratings", md5=MD5, md5_url=f"{url}.md5")
    return dataclasses.replace(corpus("movielens-25m"), files=(file,))


@pytest.fixture
def reviews(publisher: Publisher) -> Corpus:
    """A category of Amazon, whose publisher states no hash."""
    files = (
        RemoteFile(publisher.add("/Books.jsonl.gz", b"reviews"), "reviews"),
        RemoteFile(publisher.add("/meta_Books.jsonl.gz", b"products"), "metadata"),
        RemoteFile(publisher.add("/more.jsonl.gz", b"more"), "more", optional=True),
    )
    return dataclasses.replace(corpus("amazon-2023:Books"), files=files)


def yes(_corpus: Corpus) -> str:
    return "--yes"


def never(one: Corpus) -> str:
    raise AssertionError(f"asked about {one.name}")


def test_what_is_fetched_has_a_receipt_and_a_next_command(films: Corpus, tmp_path: Path) -> None:
    done = fetch(films, tmp_path / "my downloads", yes, way=WAY)
    folder = tmp_path / "my downloads" / "movielens-25m"
    assert (folder / "ml-25m.zip").read_bytes() == BODY and len(list(folder.iterdir())) == 1
    receipt = json.loads((tmp_path / "my downloads" / RECEIPTS / "movielens-25m.json").read_text())
    assert receipt["corpus"] == "movielens-25m" and receipt["citation"] == films.citation
    assert receipt["files"][0]["published_md5"] == MD5 == receipt["files"][0]["md5"]
    assert done.next == f"crossrec data import movielens '{folder / 'ml-25m.zip'}' --domain films --out data"
    assert done.notes == () and done.files[0].how == "fetched"


def test_consent_is_asked_once_a_folder_and_its_terms_are_kept(films: Corpus, reviews: Corpus, tmp_path: Path) -> None:
    fetch(films, tmp_path, yes, way=WAY)
    fetch(films, tmp_path, never, way=WAY)
    fetch(dataclasses.replace(films, name="movielens-20m"), tmp_path, never, way=WAY)
    entries = json.loads((tmp_path / "consents.json").read_text())
    assert [(entry["licence"], entry["corpus"], entry["how"]) for entry in entries] == [
        ("movielens", "movielens-25m", "--yes")
    ]
    assert entries[0]["terms"] == films.licence.terms and entries[0]["at"] > 1_700_000_000_000
    with pytest.raises(AssertionError, match="asked about amazon"):
        fetch(reviews, tmp_path, never, way=WAY)
    changed = dataclasses.replace(films, licence=dataclasses.replace(films.licence, terms="Other terms."))
    with pytest.raises(AssertionError, match="asked about movielens"):
        fetch(changed, tmp_path, never, way=WAY)


def test_no_consent_fetches_nothing(films: Corpus, publisher: Publisher, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not agreed to"):
        fetch(films, tmp_path / "new", lambda _one: "", way=WAY)
    assert publisher.asked == [] and not (tmp_path / "new").exists()


def test_an_open_licence_is_not_asked_about(films: Corpus, tmp_path: Path) -> None:
    fetch(dataclasses.replace(films, licence=corpus("goodbooks-10k").licence), tmp_path, never, way=WAY)


def test_what_is_here_is_not_asked_for_again(reviews: Corpus, publisher: Publisher, tmp_path: Path) -> None:
    fetch(reviews, tmp_path, yes, way=WAY)
    publisher.asked.clear()
    again = fetch(reviews, tmp_path, never, way=WAY)
    assert [file.how for file in again.files] == ["was here", "was here"] and publisher.asked == []
    publisher.files["/Books.jsonl.gz"].body = b"newer"
    fetch(reviews, tmp_path, never, only=("reviews",), replace=True, way=WAY)
    assert (tmp_path / "amazon-2023" / "Books" / "Books.jsonl.gz").read_bytes() == b"newer"
    names = {
        file["name"] for file in json.loads((tmp_path / RECEIPTS / "amazon-2023" / "Books.json").read_text())["files"]
    }
    assert names == {"Books.jsonl.gz", "meta_Books.jsonl.gz"}


def test_optional_parts_come_when_named(reviews: Corpus, tmp_path: Path) -> None:
    assert [file.name for file in fetch(reviews, tmp_path, yes, only=("more",), way=WAY).files] == ["more.jsonl.gz"]
    with pytest.raises(NotFound, match="did you mean 'reviews'"):
        fetch(reviews, tmp_path, yes, only=("review",), way=WAY)


def test_a_file_laid_there_by_hand_is_taken_by_its_hash_only(
    films: Corpus, reviews: Corpus, publisher: Publisher, tmp_path: Path
) -> None:
    for one, name in ((films, "ml-25m.zip"), (reviews, "Books.jsonl.gz")):
        (tmp_path / one.folder).mkdir(parents=True)
        (tmp_path / one.folder / name).write_bytes(BODY)
    assert fetch(films, tmp_path, yes, way=WAY).files[0].how == "was here" and publisher.asked == []
    with pytest.raises(InvalidInput, match="nothing tells whether it is whole"):
        fetch(reviews, tmp_path, yes, way=WAY)
    (tmp_path / films.folder / "ml-25m.zip").write_bytes(b"cut")
    with pytest.raises(InvalidInput, match="it is not the published file"):
        fetch(films, tmp_path, yes, way=WAY)


def test_the_hash_beside_the_file_decides(films: Corpus, publisher: Publisher, tmp_path: Path) -> None:
    publisher.files["/ml-25m.zip"].body = BODY + b"damaged"
    with pytest.raises(CorruptBundle, match=f"expected the MD5 {MD5}"):
        fetch(films, tmp_path, yes, way=WAY)
    assert list((tmp_path / "movielens-25m").iterdir()) == []


def test_a_release_that_was_replaced_is_taken_and_told_of(films: Corpus, publisher: Publisher, tmp_path: Path) -> None:
    publisher.files["/ml-25m.zip"].body = b"new"
    fresh = hashlib.md5(b"new", usedforsecurity=False).hexdigest()
    publisher.files["/ml-25m.zip.md5"].body = f"{fresh}  ml-25m.zip\n".encode()
    done = fetch(films, tmp_path, yes, way=WAY)
    assert done.files[0].published_md5 == fresh and "replaced this release" in done.notes[0]


def test_without_a_hash_beside_the_file_the_register_serves(
    films: Corpus, publisher: Publisher, tmp_path: Path
) -> None:
    del publisher.files["/ml-25m.zip.md5"]
    assert fetch(films, tmp_path, yes, way=WAY).files[0].published_md5 == MD5


def test_a_missing_file_says_how_to_use_a_local_copy(reviews: Corpus, publisher: Publisher, tmp_path: Path) -> None:
    del publisher.files["/meta_Books.jsonl.gz"]
    folder = tmp_path / "amazon-2023" / "Books"
    with pytest.raises(NotFound) as caught:
        fetch(reviews, tmp_path, yes, way=WAY)
    assert f"lay meta_Books.jsonl.gz in '{folder}'" in str(caught.value)
    assert str(caught.value).endswith(f"run: crossrec data import amazon {folder} --domain books --out data")
    assert (folder / "Books.jsonl.gz").exists(), "what came before it stays"


def test_offline_it_fails_at_once_with_address_and_command(films: Corpus, tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/ml-25m.zip"
        away = dataclasses.replace(films, files=(RemoteFile(url, "ratings", md5_url=f"{url}.md5"),))
        with pytest.raises(Unavailable) as caught:
            fetch(away, tmp_path, yes, way=WAY)
    said = str(caught.value)
    assert f"fetch {url} where there is a network" in said and "run: crossrec data import movielens" in said


def test_a_full_disk_is_not_blamed_on_the_network(films: Corpus, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        fetch(films, tmp_path, yes, way=dataclasses.replace(WAY, free=free_disk(10)))
    assert "bytes free" in str(caught.value) and "local copy" not in str(caught.value)


def test_what_has_no_address_says_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        fetch(corpus("reddit:2015-05"), tmp_path, never)
    said = str(caught.value)
    assert "https://academictorrents.com/" in said and "RC_2015-05.zst and RS_2015-05.zst" in said
    assert f"crossrec data import reddit {tmp_path / 'reddit' / '2015-05'} " in said
