from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import onnxruntime
import pytest
from tests.cli.conftest import Run

from crossrec.models.recommender import MODELS


def test_train_keeps_settings_data_hash_and_report(run: Run, data: Path, tmp_path: Path) -> None:
    words = ("train", "ease", "--data", data, "--out", tmp_path / "m", "--set", "l2=7.5", "--json")
    code, said, _ = run(*words, "--protocol", "global-time", "-k", "5")
    card = json.loads(said)
    assert code == 0
    assert card["settings"] == {"l2": 7.5, "keep": 0}
    assert len(card["data_hash"]) == 64 and len(card["version"]) == 12
    assert card["evaluation"]["protocol"]["name"] == "global-time"
    assert "ndcg@5" in card["evaluation"]["models"][0]["metrics"]


def test_same_training_same_version(run: Run, data: Path, tmp_path: Path) -> None:
    versions = set()
    for name in ("a", "b"):
        _, said, _ = run("train", "als", "--data", data, "--out", tmp_path / name, "--set", "factors=8", "--json")
        versions.add(json.loads(said)["version"])
    assert len(versions) == 1


def test_an_unknown_model_names_the_nearest(run: Run, data: Path, tmp_path: Path) -> None:
    code, _, error = run("train", "eaze", "--data", data, "--out", tmp_path / "m")
    assert code == 3 and "did you mean 'ease'" in error and not (tmp_path / "m").exists()


def test_a_wrong_setting_is_named(run: Run, data: Path, tmp_path: Path) -> None:
    out = ("--data", data, "--out", tmp_path / "m")
    assert "did you mean 'l2'" in run("train", "ease", *out, "--set", "l22=1")[2]
    code, _, error = run("train", "ease", *out, "--set", "l2=much")
    assert code == 2 and "l2: expected a number, got 'much'" in error
    assert run("train", "ease", *out, "--set", "l2")[0] == 2


def test_an_unknown_domain_names_the_nearest(run: Run, data: Path, tmp_path: Path) -> None:
    code, _, error = run("train", "ease", "--data", data, "--out", tmp_path / "m", "--domains", "film")
    assert code == 3 and "'films'" in error


def test_threads_come_from_the_environment(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSREC_THREADS", "4096")
    code, _, error = run("train", "als", "--data", data, "--out", tmp_path / "m")
    assert code == 2 and "threads: expected" in error


def test_train_never_writes_over_a_data_set(run: Run, data: Path) -> None:
    before = sorted(path.name for path in data.rglob("*"))
    code, _, error = run("train", "popularity", "--data", data, "--out", data)
    assert code == 2 and "would be lost" in error
    assert sorted(path.name for path in data.rglob("*")) == before


def test_a_length_without_an_evaluation_is_refused(run: Run, data: Path, tmp_path: Path) -> None:
    words = ("train", "popularity", "--data", data, "--out", tmp_path / "m")
    for k in ("0", "5"):
        code, _, error = run(*words, "-k", k)
        assert code == 2 and "needs --protocol" in error and not (tmp_path / "m").exists()
    code, _, error = run(*words, "-k", "0", "--protocol", "random")
    assert code == 2 and "k: expected k >= 1, got 0" in error


def test_domains_are_read_with_blanks_and_stray_commas(run: Run, data: Path, tmp_path: Path) -> None:
    assert run("train", "popularity", "--data", data, "--out", tmp_path / "m", "--domains", " films ,,")[0] == 0


def test_a_model_that_was_not_evaluated_says_so(run: Run, data: Path, tmp_path: Path) -> None:
    said = json.loads(run("train", "popularity", "--data", data, "--out", tmp_path / "m", "--json")[1])
    assert said["evaluation"] == {"protocol": None, "note": "trained on all data, not evaluated"}


def test_a_network_keeps_its_state_and_its_curve_is_drawn(run: Run, data: Path, tmp_path: Path) -> None:
    words = ("train", "sasrec", "--data", data, "--out", tmp_path / "m", "--domains", "films")
    small = ("--set", "epochs=2", "--set", "width=8", "--set", "blocks=1")
    code, _, error = run(*words, *small, "--resume", tmp_path / "state", "--curve", tmp_path / "curve.svg")
    assert code == 0, error
    assert [path.suffix for path in (tmp_path / "state").iterdir()] == [".npz"]
    assert b"<svg" in (tmp_path / "curve.svg").read_bytes()[:600]


def test_a_curve_that_cannot_be_drawn_is_refused_before_the_training(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("train", "popularity", "--data", data, "--out", tmp_path / "m", "--curve")
    code, _, error = run(*words, tmp_path / "no" / "curve.svg")
    assert code == 2 and "--curve: expected a file in a folder that is there" in error
    monkeypatch.delitem(sys.modules, "crossrec.models.training.curve", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, _, error = run(*words, tmp_path / "curve.svg")
    assert code != 0 and "pip install 'crossrec[report]'" in error and not (tmp_path / "m").exists()


def test_a_model_without_epochs_has_no_curve(run: Run, data: Path, tmp_path: Path) -> None:
    words = ("train", "popularity", "--data", data, "--out", tmp_path / "m")
    code, _, error = run(*words, "--curve", tmp_path / "curve.svg")
    assert code != 0 and "trained in epochs" in error


@pytest.mark.parametrize(
    ("model", "setting"),
    [("als", "factors=4"), ("item_knn", "neighbours=50"), ("slim", "l1=0.5"), ("markov", "window=3")],
)
def test_a_bundle_learns_what_is_new(run: Run, data: Path, tmp_path: Path, model: str, setting: str) -> None:
    code, _, error = run("train", model, "--data", data, "--out", tmp_path / "m", "--set", setting)
    assert code == 0, error
    late = tmp_path / "late.csv"
    late.write_text(
        "user_id,item_id,timestamp\n" + "".join(f"new,{film},{1_500_000_000 + film}\n" for film in (100, 102))
    )
    code, _, error = run("data", "import", "tables", late, "--domain", "films", "--out", tmp_path / "late")
    assert code == 0, error
    words = ("update", "--model", tmp_path / "m", "--data", tmp_path / "late", "--out", tmp_path / "m2", "--json")
    code, said, error = run(*words)
    assert code == 0, error
    card = json.loads(said)
    before = json.loads((tmp_path / "m" / "card.json").read_text())
    assert card["data"]["rows"] == before["data"]["rows"] + 2 and card["data"]["users"] == before["data"]["users"] + 1
    assert card["data_hash"] != before["data_hash"] and "not evaluated since" in card["evaluation"]["note"]
    code, said, error = run("recommend", "--model", tmp_path / "m2", "--user", "new", "-k", "3", "--json")
    assert code == 0, error
    assert [int(row["item_id"]) % 2 for row in json.loads(said)] == [0, 0, 0]


def test_a_model_that_cannot_learn_what_is_new_is_named(run: Run, data: Path, tmp_path: Path) -> None:
    few = [word for pair in ("factors=4", "epochs=1") for word in ("--set", pair)]
    code, _, error = run("train", "bpr", "--data", data, "--out", tmp_path / "m", *few)
    assert code == 0, error
    code, _, error = run("update", "--model", tmp_path / "m", "--data", data, "--out", tmp_path / "m2")
    assert code == 2 and "expected a model that learns what is new" in error and "'bpr'" in error
    told = re.findall(r"\w+", error.split("(")[1].split(")")[0])
    assert sorted(told) == sorted(name for name in MODELS.paths() if hasattr(MODELS.load(name), "update"))


def test_a_network_is_written_and_can_be_asked_elsewhere(run: Run, data: Path, tmp_path: Path) -> None:
    small = [word for pair in ("epochs=2", "width=8", "blocks=1", "longest=6") for word in ("--set", pair)]
    code, _, error = run("train", "sasrec", "--data", data, "--out", tmp_path / "m", *small)
    assert code == 0, error
    code, said, error = run("export", "--model", tmp_path / "m", "--onnx", tmp_path / "net.onnx", "--json")
    assert code == 0, error
    told = json.loads(said)
    assert told["model"] == "sasrec" and told["file"].endswith("net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    items = json.loads(session.get_modelmeta().custom_metadata_map["items"])
    assert session.get_outputs()[0].shape[1] == len(items) == 20


def test_a_model_without_a_network_is_refused(run: Run, bundle: Path, tmp_path: Path) -> None:
    code, _, error = run("export", "--model", bundle, "--onnx", tmp_path / "net.onnx")
    assert code == 2 and "expected a model with a network" in error and "item_knn" in error


def test_another_ending_is_refused(run: Run, bundle: Path, tmp_path: Path) -> None:
    code, _, error = run("export", "--model", bundle, "--onnx", tmp_path / "net.txt")
    assert code == 2 and "ends in .onnx" in error
