"""Bundle: a saved model with its card, which says what it was trained on and how good it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from crossrec.core.errors import CorruptBundle, NotFound, Unavailable
from crossrec.models.recommender import Recommender
from crossrec.models.storage import load, model_version, save

__all__ = ["CARD_SCHEMA", "Bundle", "Card", "open_bundle", "write_bundle"]

CARD_SCHEMA = 1
"""Raised when a reader of today would misread a card; older ones stay readable."""
_CARD = "card.json"


@dataclass(frozen=True)
class Card:
    """What anyone should know of a model before using it.

    Args:
        model: Its name on the shelf.
        settings: Its settings.
        trained_at: Milliseconds UTC.
        data_hash: SHA-256 of the interactions it learned from.
        data: Rows, users, items and domains of them.
        fit_seconds: How long it took.
        crossrec: The version that trained it.
        evaluation: The report of an honest evaluation of the same settings with its protocol, or a note that there
            was none.
        decided: What the model decided while it learned, in words: the choices of a gate.
        schema: Of this card.
    """

    model: str
    settings: Mapping[str, Any]
    trained_at: int
    data_hash: str
    data: Mapping[str, Any]
    fit_seconds: float
    crossrec: str
    evaluation: Mapping[str, Any] | None = None
    decided: Sequence[str] = field(default_factory=list)
    schema: int = CARD_SCHEMA


@dataclass(frozen=True)
class Bundle:
    """A model read from a folder.

    Args:
        folder: Where it lies.
        model: Ready to recommend.
        version: 12 hexadecimal digits naming weights, settings and items.
        card: What it was trained on.
    """

    folder: Path
    model: Recommender
    version: str
    card: Card


def write_bundle(model: Recommender, card: Card, folder: Path) -> str:
    """Save a model and its card, both or neither, and return the version."""
    save(model, folder, notes={_CARD: json.dumps(asdict(card), indent=2, ensure_ascii=False)})
    return model_version(folder)


def open_bundle(folder: Path) -> Bundle:
    """Load a model and its card.

    Raises:
        NotFound: There is no model in the folder.
        CorruptBundle: It is damaged, or of a newer version.
        Unavailable: The files cannot be read.
    """
    version = model_version(folder)  # first, so that a newer bundle is called newer and not damaged
    card = _read_card(folder / _CARD)
    return Bundle(folder, load(folder), version, card)


def _read_card(path: Path) -> Card:
    """Read a card; what a newer release added to it is passed over."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        schema = told.get("schema", CARD_SCHEMA)
        if isinstance(schema, int) and schema <= CARD_SCHEMA:
            return Card(**{one.name: told[one.name] for one in fields(Card) if one.name in told})
    except FileNotFoundError as error:
        raise NotFound(f"no bundle in {path.parent}: there is no {_CARD}; `crossrec train` makes one") from error
    except OSError as error:
        raise Unavailable(f"{path}: cannot be read ({error})") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise CorruptBundle(f"{path}: is damaged ({error}); train the model again") from error
    raise CorruptBundle(f"{path}: has schema {schema}, this version reads up to {CARD_SCHEMA}; update crossrec")
