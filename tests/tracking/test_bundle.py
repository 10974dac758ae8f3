"""Bundles: a model with its card, and what is said of those that cannot be opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossrec.core.errors import CorruptBundle, CrossrecError, NotFound, Unavailable
from crossrec.core.interactions import Interactions
from crossrec.models.classic.popularity import Popularity
from crossrec.models.storage import MODEL_SCHEMA
from crossrec.tracking.bundle import CARD_SCHEMA, Card, open_bundle, write_bundle

CARD = Card("popularity", {}, 1, "f" * 64, {"rows": 6}, 0.5, "0.1.0")


@pytest.fixture
def bundle(tiny: Interactions, tmp_path: Path) -> Path:
    write_bundle(Popularity().fit(tiny), CARD, tmp_path / "model")
    return tmp_path / "model"


def edit(path: Path, change: Callable[[Any], object]) -> None:
    told = json.loads(path.read_text(encoding="utf-8"))
    change(told)
    path.write_text(json.dumps(told), encoding="utf-8")


def test_a_card_comes_back(bundle: Path) -> None:
    opened = open_bundle(bundle)
    assert opened.card == CARD and isinstance(opened.model, Popularity) and len(opened.version) == 12


def test_a_card_from_before_schemas_and_one_with_more_are_read(bundle: Path) -> None:
    edit(bundle / "model.json", lambda card: card.pop("beside"))
    edit(bundle / "card.json", lambda card: card.pop("schema"))
    assert open_bundle(bundle).card == CARD
    edit(bundle / "card.json", lambda card: card.update(carbon_grams=3))
    assert open_bundle(bundle).card == CARD


def test_a_newer_bundle_is_called_newer_and_not_damaged(bundle: Path) -> None:
    edit(bundle / "card.json", lambda card: card.update(schema=CARD_SCHEMA + 1, model={"name": "x"}))
    with pytest.raises(CorruptBundle, match=f"card.json: has schema {CARD_SCHEMA + 1}.*update crossrec"):
        open_bundle(bundle)
    (bundle / "card.json").write_text("[7]", encoding="utf-8")
    edit(bundle / "model.json", lambda card: card.update(schema=MODEL_SCHEMA + 1))
    with pytest.raises(CorruptBundle, match=f"has schema {MODEL_SCHEMA + 1}.*update crossrec"):
        open_bundle(bundle)


def test_a_model_that_this_version_does_not_have_says_update(bundle: Path) -> None:
    edit(bundle / "model.json", lambda card: card["members"][0].update(model="starmind"))
    with pytest.raises(CorruptBundle, match="no model called 'starmind'.*update crossrec"):
        open_bundle(bundle)
    edit(bundle / "model.json", lambda card: card["members"][0].pop("model"))
    with pytest.raises(CorruptBundle, match="model.json: expected members with a model each"):
        open_bundle(bundle)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"model": "x"}', '{"schema": "new"}', "\udcff"])
def test_a_damaged_card_is_named(bundle: Path, text: str) -> None:
    (bundle / "card.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CorruptBundle, match="card.json"):
        open_bundle(bundle)


def test_no_bundle_a_file_and_a_bare_model_are_told_of(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for place in (tmp_path / "nothing", tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(NotFound, match="crossrec train"):
            open_bundle(place)
    (bundle / "card.json").unlink()
    with pytest.raises(NotFound, match="there is no card.json"):
        open_bundle(bundle)


@pytest.mark.parametrize("name", ["card.json", "model.json"])
def test_a_file_that_cannot_be_read_is_an_error_of_the_family(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    (bundle / name).mkdir()
    with pytest.raises(Unavailable, match=f"{name}: cannot be read") as caught:
        open_bundle(bundle)
    assert isinstance(caught.value, CrossrecError)
