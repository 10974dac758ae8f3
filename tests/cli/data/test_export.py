"""The commands that take places in object stores, on one real store; every store is in tests/data/exchange."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from crossrec.data.exchange.places import bucket_at

S3 = pytest.mark.parametrize("running_store", ["s3"], indirect=True)


def test_export_to_a_folder(run: Run, data: Path, tmp_path: Path) -> None:
    code, said, _ = run("data", "export", data, tmp_path / "csv", "--format", "csv", "--json")
    assert code == 0 and json.loads(said)["files"] == 2
    assert (tmp_path / "csv" / "films" / "interactions.csv").exists()
    assert run("data", "export", data, tmp_path / "csv", "--format", "csv")[0] == 2
    assert run("data", "export", tmp_path / "none", tmp_path / "x")[0] == 3


def test_without_credentials_it_says_so(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_METADATA_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    for words in (
        ("data", "export", data, "s3://bucket/data"),
        ("data", "import", "movielens", "s3://bucket/ml", "--domain", "f", "--out", data),
        ("train", "ease", "--data", data, "--out", "s3://bucket/m"),
        ("recommend", "--model", "s3://bucket/m", "--user", "1"),
    ):
        code, _, error = run(*words)
        assert code == 7 and "AWS_ACCESS_KEY_ID" in error, words


@pytest.mark.network
@S3
def test_import_export_train_and_recommend_with_places_in_a_store(
    run: Run, ratings: Path, remote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ratings.iterdir():
        bucket_at(f"{remote}/ml").put(file.name, file)
    words = ("data", "import", "movielens", f"{remote}/ml", "--domain", "films", "--out", tmp_path / "data", "--json")
    code, said, error = run(*words)
    assert code == 0, error
    assert {file["name"] for file in json.loads(said)["files"]} >= {"ratings.csv", "movies.csv"}
    code, said, error = run("data", "export", tmp_path / "data", f"{remote}/data")
    assert code == 0 and "as parquet" in said, error
    code, said, _ = run("data", "export", tmp_path / "data", f"{remote}/data")
    assert "of them were there" in said
    code, said, error = run("train", "item_knn", "--data", f"{remote}/data", "--out", f"{remote}/model", "--json")
    assert code == 0, error
    assert json.loads(said)["folder"] == f"{remote}/model"
    code, said, error = run("recommend", "--model", f"{remote}/model", "--user", "1", "--json")
    assert code == 0 and json.loads(said), error
    served: list[Path] = []
    monkeypatch.setattr("crossrec.cli.serve.serve_bundle", lambda folder, *_, **__: served.append(folder))
    assert run("serve", "--model", f"{remote}/model")[0] == 0 and (served[0] / "card.json").is_file()
    code, said, error = run("evaluate", "popularity", "--data", f"{remote}/data", "--protocol", "global-time", "--json")
    assert code == 0, error
    code, said, _ = run("data", "check", f"{remote}/data", "--json")
    assert code == 0 and json.loads(said)["domains"][0]["users"] == 30


@pytest.mark.network
@S3
def test_a_data_set_is_not_imported_into_a_store(run: Run, ratings: Path, remote: str) -> None:
    code, _, error = run("data", "import", "movielens", ratings, "--domain", "films", "--out", f"{remote}/data")
    assert code == 2 and "crossrec data export" in error
    assert not Path("s3:").exists()
