"""Models on disk: the same lists in a fresh process, damage named, erasure physical."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from crossrec.core.errors import CorruptBundle, InvalidInput, NotFitted, NotFound, Unavailable
from crossrec.core.interactions import Interactions
from crossrec.models import storage
from crossrec.models.classic.ease import EASE
from crossrec.models.classic.popularity import Popularity
from crossrec.models.fallback import Fallback
from crossrec.models.storage import MODEL_SCHEMA, clear_old_histories, load, model_version, save, save_histories

FRESH = """
import json, sys, crossrec
lists = crossrec.load(sys.argv[1]).recommend(json.loads(sys.argv[2]), k=5)
print(json.dumps([lists.ids(), lists.scores.tolist(), lists.sources]))
"""


@pytest.fixture
def saved(checkerboard: Interactions, tmp_path: Path) -> Path:
    Fallback((EASE(), Popularity()), ("ease", "popularity")).fit(checkerboard).save(tmp_path / "model")
    return tmp_path / "model"


def edit(folder: Path, change: Callable[[dict], object]) -> None:  # type: ignore[type-arg]
    card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    change(card)
    (folder / "model.json").write_text(json.dumps(card), encoding="utf-8")


def test_a_fresh_process_gives_the_same_lists(saved: Path) -> None:
    users = ["u000", "nobody", "u003"]
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own folder
        [sys.executable, "-c", FRESH, str(saved), json.dumps(users)], capture_output=True, text=True, check=True
    )
    lists = load(saved).recommend(users, k=5)
    assert json.loads(done.stdout) == [lists.ids(), lists.scores.tolist(), ["ease", "popularity", "ease"]]


@pytest.mark.parametrize("integers", [False, True])
def test_everything_comes_back(integers: bool, tmp_path: Path) -> None:
    ids = [1, 2, 3, 2] if integers else ["é", "b\u2028", "c", "b\u2028"]
    frame = pl.DataFrame(
        {"user_id": ids, "item_id": ids[::-1], "rating": [1.0, None, 3.0, 2.0], "weight": [1, 2, 3, 4]}
    )
    items = pl.DataFrame({"item_id": ids[:3], "title": ["one", None, "three"], "__id": [1, 2, 3]})
    data = Interactions.from_frame(frame, items=items.drop("__id"))
    model = EASE(l2=3.0).fit(data)
    model.save(tmp_path / "model")
    other = EASE.load(tmp_path / "model")
    assert other == model and other.l2 == 3.0
    np.testing.assert_array_equal(other.weights_, model.weights_)
    assert other.catalogue_.ids == data.item_ids and other.catalogue_.titles == data.catalogue.titles
    assert other.catalogue_.domain_names == ["main"] and other.catalogue_.domains.dtype == np.int16
    assert other.histories_.user_ids == data.user_ids
    for name in ("indptr", "items", "times", "kinds", "values", "weights"):
        mine, theirs = getattr(model.histories_.acts, name), getattr(other.histories_.acts, name)
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype, name


def test_every_file_is_of_a_safe_kind(saved: Path) -> None:
    files = [path for path in saved.rglob("*") if path.is_file()]
    assert files and {path.suffix for path in files} == {".json", ".npy", ".parquet"}
    for path in saved.rglob("*.npy"):
        np.load(path, allow_pickle=False)


def test_saving_again_replaces_whole_and_leaves_nothing_beside(saved: Path, tiny: Interactions) -> None:
    (saved / "stale.txt").write_text("old", encoding="utf-8")
    Popularity().fit(tiny).save(saved)
    assert isinstance(load(saved), Popularity) and not (saved / "stale.txt").exists()
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_a_save_that_fails_leaves_the_old_model(saved: Path, tiny: Interactions) -> None:
    before = load(saved).recommend(["u000"], k=3).ids()
    model = EASE().fit(tiny)
    model.odd_ = object()  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="odd_: object has no file form"):
        model.save(saved)
    assert load(saved).recommend(["u000"], k=3).ids() == before
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_an_unfitted_model_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFitted):
        EASE().save(tmp_path / "model")
    with pytest.raises(NotFitted):
        Fallback((EASE(), Popularity())).save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["data", "notes.txt"])
def test_what_is_no_model_is_never_replaced(tiny: Interactions, tmp_path: Path, place: str) -> None:
    (tmp_path / "data").mkdir()
    for kept in (tmp_path / "data" / "manifest.json", tmp_path / "notes.txt"):
        kept.write_text("precious", encoding="utf-8")
    with pytest.raises(InvalidInput, match=f"{place}: expected"):
        Popularity().fit(tiny).save(tmp_path / place)
    assert (tmp_path / "data" / "manifest.json").read_text(encoding="utf-8") == "precious"
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "notes.txt"]


def test_an_empty_folder_and_the_target_of_a_link_become_the_model(tiny: Interactions, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    for _ in range(2):
        Popularity().fit(tiny).save(tmp_path / "link")
    assert isinstance(load(tmp_path / "empty"), Popularity) and (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "link"]


def test_dots_in_a_name_touch_no_neighbour(tiny: Interactions, tmp_path: Path) -> None:
    for name in ("model.v1", "model.v2", "model.old"):
        Popularity().fit(tiny).save(tmp_path / name)
    Popularity(half_life_days=3.0).fit(tiny).save(tmp_path / "model.v1")
    assert load(tmp_path / "model.v1") == Popularity(half_life_days=3.0)
    assert load(tmp_path / "model.old") == load(tmp_path / "model.v2") == Popularity()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.old", "model.v1", "model.v2"]


def test_saving_to_one_folder_at_once_leaves_one_whole_model(tiny: Interactions, tmp_path: Path) -> None:
    models = [Popularity(half_life_days=float(days)).fit(tiny) for days in range(1, 5)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            list(pool.map(lambda model: model.save(tmp_path / "model"), models))
    assert load(tmp_path / "model") in models
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_place_that_cannot_be_written_is_an_error_of_the_family(tiny: Interactions, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Unavailable, match="cannot be written"):
        Popularity().fit(tiny).save(tmp_path / "file" / "model")


def test_notes_lie_beside_the_model(tmp_path: Path, tiny: Interactions) -> None:
    save(Popularity().fit(tiny), tmp_path / "a" / "b", notes={"card.json": "{}"})
    assert (tmp_path / "a" / "b" / "card.json").read_text(encoding="utf-8") == "{}"


FILES = ["catalogue/items.parquet", "catalogue/domains.parquet", "weights-0/weights_.npy"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["bit", "short", "gone", "empty"])
def test_a_damaged_file_is_named(saved: Path, name: str, damage: str) -> None:
    path = saved / name
    content = bytearray(path.read_bytes())
    if damage == "bit":
        content[len(content) // 2] ^= 1
    path.write_bytes({"bit": content, "short": content[:-7], "gone": content, "empty": b""}[damage])
    if damage == "gone":
        path.unlink()
    with pytest.raises(CorruptBundle, match=path.name):
        load(saved)


@pytest.mark.parametrize("name", ["users.parquet", "acts.parquet"])
@pytest.mark.parametrize("damage", ["short", "gone", "text"])
def test_damaged_histories_are_an_error_of_the_family(saved: Path, name: str, damage: str) -> None:
    path = saved / "histories" / name
    content = path.read_bytes()
    path.write_bytes({"short": content[: len(content) // 2], "gone": b"", "text": b"not parquet"}[damage])
    if damage == "gone":
        path.unlink()
    with pytest.raises(CorruptBundle):
        load(saved)


def test_a_single_bit_in_the_histories_or_a_note_is_named(tiny: Interactions, tmp_path: Path) -> None:
    model = Popularity().fit(tiny)
    for name in ("histories/acts.parquet", "histories/users.parquet", "card.json"):
        save(model, tmp_path / "model", notes={"card.json": '{"rows": 6}'})
        path = tmp_path / "model" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(CorruptBundle, match=f"{path.name}: differs from its checksum"):
            load(tmp_path / "model")


def test_checksums_follow_an_erasure(saved: Path) -> None:
    save_histories(load(saved).histories_.forget("u003"), saved)
    path = next(saved.glob("histories*/acts.parquet"))
    load(saved)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptBundle, match="acts.parquet: differs from its checksum"):
        load(saved)


def test_histories_that_disagree_are_refused(saved: Path) -> None:
    edit(saved, lambda card: card.pop("beside"))  # as a release without these checksums wrote it
    path = saved / "histories" / "acts.parquet"
    pl.read_parquet(path).head(3).write_parquet(path)
    with pytest.raises(CorruptBundle, match="acts announced, 3 found"):
        load(saved)


def test_histories_with_codes_beyond_the_catalogue_are_refused(saved: Path) -> None:
    edit(saved, lambda card: card.pop("beside"))  # as a release without these checksums wrote it
    path = saved / "histories" / "acts.parquet"
    pl.read_parquet(path).with_columns(pl.lit(10_000, pl.Int32).alias("items")).write_parquet(path)
    with pytest.raises(CorruptBundle, match="histories"):
        load(saved)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", "weights-0/../../outside.txt"])
def test_checksums_never_lead_out_of_the_folder(saved: Path, name: str) -> None:
    (saved.parent / "outside.txt").write_text("x", encoding="utf-8")
    edit(saved, lambda card: card["checksums"].update({name: "0" * 64}))
    with pytest.raises(CorruptBundle, match="lacks the file"):
        load(saved)


@pytest.mark.parametrize("name", ["../../outside_", "/etc/hostname"])
def test_state_names_never_lead_out_of_the_folder(saved: Path, name: str) -> None:
    np.save(saved.parent / "outside_.npy", np.ones(3), allow_pickle=False)
    edit(saved, lambda card: card["members"][0]["state"].update({name: {"kind": "array"}}))
    with pytest.raises(CorruptBundle):
        load(saved)


def test_a_newer_schema_says_to_update(saved: Path) -> None:
    edit(saved, lambda card: card.update(schema=MODEL_SCHEMA + 1))
    with pytest.raises(CorruptBundle, match=f"schema {MODEL_SCHEMA + 1}.*update crossrec"):
        load(saved)
    with pytest.raises(CorruptBundle, match="update crossrec"):
        model_version(saved)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"schema": "1"}', '{"schema": 1}', '{"schema": true}', "\udcff"]
)
def test_a_damaged_card_is_named(saved: Path, text: str) -> None:
    (saved / "model.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CorruptBundle, match="model.json|schema"):
        load(saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card["members"][0].update(model="eaze"),
        lambda card: card["members"][0].update(settings={"l3": 1}),
        lambda card: card["members"][0].pop("state"),
        lambda card: card["members"].clear(),
        lambda card: card.update(members=7),
        lambda card: card.update(checksums=[]),
        lambda card: card["members"][0]["state"]["weights_"].update(kind="pickle"),
    ],
)
def test_a_card_with_odd_contents_is_an_error_of_the_family(saved: Path, change: Callable[[dict], object]) -> None:  # type: ignore[type-arg]
    edit(saved, change)
    with pytest.raises(CorruptBundle):
        load(saved)


def test_no_model_and_another_model_are_told_apart(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="crossrec train"):
        load(tmp_path / "nothing")
    with pytest.raises(CorruptBundle, match="holds Fallback, not EASE"):
        EASE.load(saved)


def test_the_version_names_weights_settings_and_items(checkerboard: Interactions, tmp_path: Path) -> None:
    versions = []
    for name, model in {"a": EASE(), "b": EASE(), "c": EASE(l2=7.0)}.items():
        model.fit(checkerboard).save(tmp_path / name)
        versions.append(model_version(tmp_path / name))
    assert versions[0] == versions[1] != versions[2] and len(versions[0]) == 12


def mentions(folder: Path, user: str) -> list[str]:
    """Name the files in which a user can still be read."""
    tables = {path: str(pl.read_parquet(path).to_dict(as_series=False)) for path in folder.rglob("*.parquet")}
    raw = {path: path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()}
    return sorted(path.name for path in raw if user in raw[path] + tables.get(path, ""))


def test_the_forgotten_are_physically_gone(saved: Path) -> None:
    version = model_version(saved)
    assert mentions(saved, "u003") == ["users.parquet"]
    model = load(saved)
    before = model.recommend(["u004"], k=5).ids()
    save_histories(model.histories_.forget("u003"), saved)
    assert mentions(saved, "u003") == []
    after = load(saved)
    assert "u003" not in after.histories_.user_ids and len(after.histories_) == len(model.histories_) - 1
    assert after.recommend(["u003", "u004"], k=5).sources == ("popularity", "ease")
    assert after.recommend(["u004"], k=5).ids() == before and model_version(saved) == version
    places = [path for path in saved.iterdir() if path.name.startswith(("histories", "."))]
    assert [sorted(path.name for path in place.iterdir()) for place in places] == [["acts.parquet", "users.parquet"]]


STEPS = ["write_histories", "_flush", "clear_old_histories"]


@pytest.mark.parametrize("step", [*STEPS, "replace"])
def test_an_erasure_cut_short_leaves_whole_histories_and_is_finished_by_the_next(
    saved: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    model, without = load(saved), load(saved).histories_.forget("u003")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "replace", cut) if step == "replace" else patched.setattr(storage, step, cut)
        save_histories(without, saved)
    done = step == "clear_old_histories"
    assert len(load(saved).histories_) == len(model.histories_) - done
    if done:
        clear_old_histories(saved)
    else:
        save_histories(without, saved)
    assert mentions(saved, "u003") == [] and len(list(saved.glob("histories*"))) == 1


def test_an_erasure_that_cannot_be_written_leaves_the_old_histories(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(storage, "_flush", full)
    with pytest.raises(Unavailable, match="No space left"):
        save_histories(load(saved).histories_.forget("u003"), saved)
    assert "u003" in load(saved).histories_.user_ids and len(list(saved.glob("histories*"))) == 1


def test_a_model_of_schema_1_is_read_and_forgets(saved: Path) -> None:
    edit(saved, lambda card: (card.update(schema=1), card.pop("histories"), card.pop("beside")))
    save_histories(load(saved).histories_.forget("u003"), saved)
    assert mentions(saved, "u003") == [] and "u003" not in load(saved).histories_.user_ids


@pytest.mark.parametrize("name", ["../histories", "histories/../../x", "/etc", "catalogue", 7])
def test_the_place_of_histories_never_leads_out(saved: Path, name: object) -> None:
    edit(saved, lambda card: card.update(histories=name))
    with pytest.raises(CorruptBundle, match="histories"):
        load(saved)


def test_a_moved_model_still_loads(saved: Path, tmp_path: Path) -> None:
    lists = load(saved).recommend(["u001"], k=4).ids()
    shutil.move(saved, tmp_path / "elsewhere")
    assert load(str(tmp_path / "elsewhere")).recommend(["u001"], k=4).ids() == lists


def test_numbers_of_elements_are_told_as_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> None:
        raise OSError("7 requested and 3 written")  # as numpy says it

    monkeypatch.setattr(storage, "_write", short)
    with pytest.raises(Unavailable, match="cannot be written \\(no space left on device: 7 requested"):
        save(Popularity(), tmp_path / "model")
    assert not list(tmp_path.iterdir())
