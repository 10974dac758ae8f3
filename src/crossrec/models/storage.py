"""Models on disk: a folder of JSON, npy and Parquet files with a checksum each; no pickle.

```
model.json              schema, members (model, settings, state), checksums, the folder with the histories
catalogue/              items.parquet (ids, domain, columns), domains.parquet
histories…/             users.parquet, acts.parquet: apart from the weights, erasable by user
weights-0/, weights-1/  one member each: <name>.npy, or three for a sparse matrix
```
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import polars as pl

from crossrec.core.errors import CorruptBundle, CrossrecError, InvalidInput, MissingExtra, NotFound, Unavailable
from crossrec.models.fallback import Fallback
from crossrec.models.histories import Histories
from crossrec.models.recommender import MODELS, Recommender
from crossrec.models.state import (
    read_catalogue,
    read_histories,
    read_state,
    write_catalogue,
    write_histories,
    write_state,
)

__all__ = [
    "MODEL_SCHEMA",
    "check_place",
    "clear_old_histories",
    "load",
    "load_as",
    "model_version",
    "save",
    "save_histories",
]

MODEL_SCHEMA = 2
"""Raised when a reader of today could not read what is written; older ones stay readable."""
_CARD, _HISTORIES = "model.json", "histories"
_TURNS = 10
Kind = TypeVar("Kind")


def save(model: Recommender, folder: Path, *, notes: Mapping[str, str] | None = None) -> None:
    """Write a fitted model; an existing model in the folder is replaced at once, never half.

    Args:
        model: A fitted model from the shelf, or a `Fallback` of some.
        folder: Where; made if it is not there.
        notes: Text files to lay beside the model, name -> text.

    Raises:
        InvalidInput: Something else than a model lies there; it is left alone.
        Unavailable: The place cannot be written.
    """
    folder = folder.resolve()
    check_place(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for name, text in (notes or {}).items():
                (draft / name).write_text(text, encoding="utf-8")
            _write(model, draft, list(notes or ()))
            _put(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        if isinstance(error, CrossrecError):
            raise
        raise Unavailable(f"{folder}: cannot be written ({_why(error)})") from error


def _why(error: OSError) -> str:
    """Say why a file was not written; numpy tells of a full disk in numbers of elements alone."""
    return str(error) if error.errno else f"no space left on device: {error}"


def check_place(folder: Path) -> None:
    """Refuse a place where saving would remove something else than a model.

    Raises:
        InvalidInput: It is a file, or a folder with anything in it but a model.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InvalidInput(f"{folder}: expected a folder for the model, got a file; name another place")
    if not (folder / _CARD).is_file() and any(folder.iterdir()):
        raise InvalidInput(
            f"{folder}: expected a new or empty folder or one with a model ({_CARD}), got one with other files, "
            "which would be lost; name another place"
        )


def _put(draft: Path, folder: Path) -> None:
    """Put a draft in a folder's place; of two that save at once the later one stays."""
    with tempfile.TemporaryDirectory(
        prefix=f".{folder.name}-", dir=folder.parent, ignore_cleanup_errors=True
    ) as replaced:
        for turn in range(_TURNS):
            check_place(folder)
            moved = Path(replaced) / str(turn)
            with contextlib.suppress(FileNotFoundError):
                folder.rename(moved)
            try:
                draft.rename(folder)
            except OSError:
                if not folder.exists():
                    moved.rename(folder)
                if not folder.exists() or turn + 1 == _TURNS:
                    raise
            else:
                return


def load(folder: Path | str) -> Recommender:
    """Read any model that was saved, under its own class.

    Raises:
        NotFound: There is no model in the folder.
        CorruptBundle: It is damaged or of a newer version.
    """
    folder = Path(folder)
    card = _read_card(folder)
    _verify(folder, {**card["checksums"], **card["beside"]})
    try:
        catalogue = read_catalogue(folder / "catalogue")
        histories = read_histories(folder / card["histories"], catalogue)
        members = [_read_member(folder, place, member) for place, member in enumerate(card["members"])]
        model = members[0] if card["kind"] == "single" else Fallback(tuple(members), tuple(card["names"]))
    except (CorruptBundle, MissingExtra):
        raise
    except (OSError, LookupError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise CorruptBundle(f"{folder}: cannot be read; {error}. Train and save the model again") from error
    for member in members:
        member.catalogue_, member.histories_ = catalogue, histories
    return model


def load_as(kind: type[Kind], folder: Path) -> Kind:
    """Read a model and refuse another kind than asked for."""
    model = load(folder)
    if not isinstance(model, kind):
        raise CorruptBundle(f"{folder}: holds {type(model).__name__}, not {kind.__name__}; use crossrec.load")
    return model


def model_version(folder: Path | str) -> str:
    """Return 12 hexadecimal digits that name the weights, settings and items of a saved model."""
    card = _read_card(Path(folder))
    kept = {"members": card["members"], "checksums": card["checksums"]}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:12]


def save_histories(histories: Histories, folder: Path) -> None:
    """Replace the histories of a saved model, after an erasure: whole or not at all.

    The old files are gone when this returns. Where it is cut short, `clear_old_histories` removes what is left over.

    Raises:
        NotFound: There is no model in the folder.
        Unavailable: The folder cannot be written; the old histories stand.
    """
    card = _read_card(folder)
    fresh = folder / f"{_HISTORIES}-{secrets.token_hex(6)}"
    try:
        fresh.mkdir()
        write_histories(histories, fresh)
        for path in fresh.iterdir():
            _flush(path)
        draft = fresh / _CARD
        beside = {name: one for name, one in card["beside"].items() if not name.startswith(_HISTORIES)}
        beside |= {f"{fresh.name}/{path.name}": _checksum(path) for path in fresh.iterdir()}
        told = {**card, "histories": fresh.name, "beside": beside}
        draft.write_text(json.dumps(told, indent=2), encoding="utf-8")
        _flush(draft)
        draft.replace(folder / _CARD)  # the one step that makes the new histories count
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise Unavailable(f"{folder}: cannot be written ({_why(error)})") from error
    clear_old_histories(folder)


def clear_old_histories(folder: Path) -> None:
    """Remove the histories that a save cut short has left beside the present ones.

    Raises:
        Unavailable: They cannot be removed.
    """
    present = _read_card(folder)["histories"]
    try:
        for path in folder.glob(f"{_HISTORIES}*"):
            if path.name != present:
                shutil.rmtree(path)
    except OSError as error:
        raise Unavailable(f"{folder}: old histories cannot be removed ({error})") from error


def _flush(path: Path) -> None:
    """Have a file on the disk before another one names it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _write(model: Recommender, folder: Path, notes: list[str]) -> None:
    members = model.members if isinstance(model, Fallback) else (model,)
    cards = []
    for place, member in enumerate(members):
        weights = folder / f"weights-{place}"
        weights.mkdir()
        name = type(member).__module__.rsplit(".", 1)[-1]
        cards.append({"model": name, **write_state(member, weights)})
    (folder / "catalogue").mkdir()
    (folder / _HISTORIES).mkdir()
    write_catalogue(model.catalogue_, folder / "catalogue")
    write_histories(model.histories_, folder / _HISTORIES)
    kept = [path for part in ("catalogue", "weights-*") for path in sorted(folder.glob(f"{part}/*"))]
    beside = [*(folder / _HISTORIES).iterdir(), *(folder / name for name in notes)]
    card = {
        "schema": MODEL_SCHEMA,
        "kind": "fallback" if isinstance(model, Fallback) else "single",
        "names": list(model.names) if isinstance(model, Fallback) else [],
        "members": cards,
        "histories": _HISTORIES,
        "checksums": {str(path.relative_to(folder)): _checksum(path) for path in kept},
        "beside": {str(path.relative_to(folder)): _checksum(path) for path in beside},
    }
    (folder / _CARD).write_text(json.dumps(card, indent=2), encoding="utf-8")


def _read_card(folder: Path) -> dict[str, Any]:
    try:
        card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
        schema = card["schema"]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"no model in {folder}: there is no {_CARD}; `crossrec train` makes one") from error
    except OSError as error:
        raise Unavailable(f"{folder / _CARD}: cannot be read ({error})") from error
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise CorruptBundle(f"{folder / _CARD}: is damaged ({error}); train and save the model again") from error
    if not isinstance(schema, int) or schema > MODEL_SCHEMA:
        raise CorruptBundle(f"{folder}: has schema {schema}, this version reads up to {MODEL_SCHEMA}; update crossrec")
    card.setdefault("histories", _HISTORIES)  # schema 1 has one place for them
    card.setdefault("beside", {})  # … and no checksums of what lies beside the weights
    shape: dict[str, type] = {
        "kind": str,
        "names": list,
        "members": list,
        "checksums": dict,
        "histories": str,
        "beside": dict,
    }
    if wrong := [name for name, kind in shape.items() if not isinstance(card.get(name), kind)]:
        raise CorruptBundle(f"{folder / _CARD}: lacks {', '.join(wrong)}; save the model again")
    if not card["members"] or not all(isinstance(one, dict) and "model" in one for one in card["members"]):
        raise CorruptBundle(f"{folder / _CARD}: expected members with a model each; save the model again")
    if "/" in card["histories"] or not card["histories"].startswith(_HISTORIES):
        raise CorruptBundle(f"{folder / _CARD}: {card['histories']!r} is no folder of histories; save the model again")
    return cast("dict[str, Any]", card)


def _verify(folder: Path, checksums: dict[str, str]) -> None:
    """Compare every file with its checksum, so that damage is an error and never an odd list."""
    for name, expected in checksums.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts or not path.is_file():
            raise CorruptBundle(f"{folder}: lacks the file {name}; save the model again")
        if _checksum(path) != expected:
            raise CorruptBundle(f"{path}: differs from its checksum; copy the model again or train it anew")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_member(folder: Path, place: int, card: dict[str, Any]) -> Recommender:
    try:
        kind = MODELS.load(card["model"])
    except NotFound as error:
        raise CorruptBundle(
            f"{folder}: holds a model that this version does not have ({error}); update crossrec"
        ) from error
    member = kind(**card["settings"])
    for name, value in read_state(folder / f"weights-{place}", card["state"]).items():
        setattr(member, name, value)
    return member
