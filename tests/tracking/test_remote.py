"""Bundles through real object stores: whole or not there, and nothing is copied twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossrec.core.errors import CorruptBundle, NotFound, Unavailable
from crossrec.core.interactions import Interactions
from crossrec.data.exchange.bucket import Bucket
from crossrec.data.exchange.places import bucket_at
from crossrec.models.storage import save_histories
from crossrec.tracking.bundle import open_bundle
from crossrec.tracking.remote import POINTER, bundle_folder, outgoing_bundle, publish_bundle
from crossrec.wiring import model_from_text, train_on

pytestmark = pytest.mark.network


@pytest.fixture
def bundle(checkerboard: Interactions, tmp_path: Path) -> Path:
    train_on("ease", model_from_text("ease", {}), checkerboard, tmp_path / "model")
    return tmp_path / "model"


def test_a_bundle_comes_back_as_it_was(bundle: Path, remote: str) -> None:
    publish_bundle(bundle, remote)
    there = open_bundle(bundle_folder(remote))
    here = open_bundle(bundle)
    assert there.version == here.version and there.card == here.card
    users = ["u000", "u003", "nobody"]
    assert there.model.recommend(users, 5).ids() == here.model.recommend(users, 5).ids()


def test_only_new_files_are_copied(bundle: Path, remote: str, checkerboard: Interactions) -> None:
    first = publish_bundle(bundle, remote)
    again = publish_bundle(bundle, remote)
    assert first.kept == 0 and (again.copied, again.kept) == (0, first.copied)
    train_on("ease", model_from_text("ease", {"l2": "3"}), checkerboard, bundle)
    publish_bundle(bundle, remote)
    assert open_bundle(bundle_folder(remote)).card.settings["l2"] == 3.0
    trees = {name.split("/")[1] for name in bucket_at(remote).listed() if "/" in name}
    assert len(trees) == 2, "readers of the older state can finish"


def test_a_cut_publication_leaves_the_older_state_newest(
    bundle: Path, remote: str, checkerboard: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_bundle(bundle, remote)
    version = open_bundle(bundle).version
    train_on("ease", model_from_text("ease", {"l2": "3"}), checkerboard, bundle)
    put, left = Bucket.put, [3]

    def breaks(self: Bucket, name: str, content: Path | bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Unavailable("the connection broke")
        put(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "put", breaks)
        with pytest.raises(Unavailable, match="broke"):
            publish_bundle(bundle, remote)
    assert open_bundle(bundle_folder(remote)).version == version
    resumed = publish_bundle(bundle, remote)
    assert resumed.kept >= 1, "what came before the cut is not copied again"
    assert open_bundle(bundle_folder(remote)).version != version


def test_what_is_in_the_cache_is_not_asked_for(bundle: Path, remote: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_bundle(bundle, remote)
    folder = bundle_folder(remote)
    monkeypatch.setattr(Bucket, "fetch", lambda *_, **__: pytest.fail("fetched again"))
    assert bundle_folder(remote) == folder


def test_erased_in_the_copy_stays_erased_there(bundle: Path, remote: str) -> None:
    publish_bundle(bundle, remote)
    folder = bundle_folder(remote)
    model = open_bundle(folder).model
    save_histories(model.histories_.forget("u000"), folder)
    assert "u000" not in open_bundle(bundle_folder(remote)).model.histories_.user_ids


def test_a_file_changed_in_the_store_is_named(bundle: Path, remote: str) -> None:
    publish_bundle(bundle, remote)
    bucket = bucket_at(remote)
    name = next(name for name in bucket.listed() if name.endswith(".npy"))
    bucket.put(name, b"other")
    with pytest.raises(CorruptBundle, match=r"\.npy: expected .* bytes with SHA-256"):
        bundle_folder(remote)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found["files"][0].update(name="../../evil"), "not those of the state"),
        (lambda found: found.update(schema=99), "update crossrec"),
        (lambda found: found.pop("files"), "publish it again"),
    ],
)
def test_a_pointer_that_was_tampered_with_is_refused(bundle: Path, remote: str, change: object, said: str) -> None:
    publish_bundle(bundle, remote)
    found = json.loads(bucket_at(remote).read(POINTER))
    change(found)  # type: ignore[operator]
    bucket_at(remote).put(POINTER, json.dumps(found).encode())
    with pytest.raises(CorruptBundle, match=said):
        bundle_folder(remote)


def test_nothing_published_is_not_found(remote: str) -> None:
    with pytest.raises(NotFound, match=POINTER):
        bundle_folder(remote)


def test_what_fails_is_not_published(remote: str, bundle: Path) -> None:
    with pytest.raises(RuntimeError, match="no"), outgoing_bundle(remote):
        raise RuntimeError("no")
    assert bucket_at(remote).listed() == {}


def test_a_folder_of_this_machine_is_given_as_it_is(bundle: Path) -> None:
    assert bundle_folder(str(bundle)) == bundle
    with outgoing_bundle(bundle) as folder:
        assert folder == bundle
