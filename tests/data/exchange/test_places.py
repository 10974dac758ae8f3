from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, MissingExtra, NotFound, Refused, Unavailable
from crossrec.data.exchange.places import bucket_at, cache_folder, is_remote, localised, place

KEYS = {
    "s3": {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
    "gs": {"GOOGLE_BEARER_TOKEN": "a"},
    "az": {"AZURE_STORAGE_ACCOUNT_NAME": "a", "AZURE_STORAGE_ACCOUNT_KEY": "YQ=="},
}


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("s3://b/k", True),
        (Path("s3://b/k"), True),
        ("gs://b", True),
        ("az://c/k", True),
        ("data", False),
        ("/s3/x", False),
        ("s3", False),
        ("s3x://b", False),
        ("https://b/k", False),
    ],
)
def test_what_is_remote(path: str | Path, remote: bool) -> None:
    assert is_remote(path) == remote


def test_an_address_has_a_bucket_and_a_key() -> None:
    found = place("s3://bucket/a/b c=d/")
    assert (found.scheme, found.bucket, found.key, found.name) == ("s3", "bucket", "a/b c=d", "b c=d")
    assert str(found) == "s3://bucket/a/b c=d" and place(Path("s3://bucket/a/b c=d")) == found
    assert place("gs://bucket").name == "bucket" and str(place("gs://bucket/")) == "gs://bucket"


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///k", "s3://user:word@b/k", "s3://b/k?sig=word", "s3://b/../c", "ftp://b"]
)
def test_other_addresses_are_refused_without_showing_a_secret(url: str) -> None:
    with pytest.raises(InvalidInput, match="credentials come from the environment only") as caught:
        place(url)
    assert "word" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_without_credentials_no_store_is_asked(scheme: str) -> None:
    with pytest.raises(Refused, match=r"found none; set .*(AWS_ACCESS|GOOGLE_SERVICE|AZURE_STORAGE_ACCOUNT)"):
        bucket_at(f"{scheme}://bucket/x", {})


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_without_the_extra_it_is_named(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    monkeypatch.delitem(sys.modules, "crossrec.data.exchange.bucket", raising=False)
    with pytest.raises(MissingExtra, match=r"pip install 'crossrec\[cloud\]'"):
        bucket_at(f"{scheme}://bucket/x", KEYS[scheme])


def test_a_path_of_this_machine_stays_as_it_is(tmp_path: Path) -> None:
    with localised(str(tmp_path / "a.csv")) as here:
        assert here == tmp_path / "a.csv"


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CROSSREC_CACHE", raising=False)
    assert cache_folder() == tmp_path / "crossrec" and cache_folder().is_dir()
    monkeypatch.setenv("CROSSREC_CACHE", str(tmp_path / "other"))
    assert cache_folder() == tmp_path / "other"


@pytest.mark.network
def test_a_folder_and_an_object_are_copied_and_taken_away_again(remote: str) -> None:
    bucket = bucket_at(f"{remote}/ml")
    bucket.put("ratings.csv", b"userId\n1\n")
    bucket.put("more/tags.csv", b"tag\n")
    with localised(f"{remote}/ml") as folder:
        assert folder.name == "ml" and (folder / "ratings.csv").read_bytes() == b"userId\n1\n"
        assert (folder / "more" / "tags.csv").is_file()
    assert not folder.exists()
    with localised(f"{remote}/ml/ratings.csv") as file:
        assert file.name == "ratings.csv" and file.read_bytes() == b"userId\n1\n"
    assert not file.exists()


@pytest.mark.network
@pytest.mark.parametrize("running_store", ["s3"], indirect=True)
def test_what_does_not_fit_is_not_copied(remote: str) -> None:
    bucket_at(remote).put("ratings.csv", b"x" * 1000)
    with pytest.raises(Unavailable, match="has 1,000 bytes, more than the 999"), localised(remote, limit=999):
        pass
    with pytest.raises(NotFound, match="nothing is there"), localised(f"{remote}/none"):
        pass
