"""What a model has learned as files: arrays as npy (sparse matrices are three), tables as Parquet, the rest as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from crossrec.core.arrays import narrow
from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import CorruptBundle, InvalidInput, NotFound
from crossrec.core.query import Queries
from crossrec.core.vocabulary import Vocabulary
from crossrec.models.histories import Histories
from crossrec.models.recommender import MODELS, Recommender

__all__ = [
    "read_catalogue",
    "read_histories",
    "read_state",
    "write_catalogue",
    "write_histories",
    "write_state",
]

_SHARED = ("catalogue_", "histories_")
_ACTS = ("items", "times", "kinds", "values", "weights")
_PARTS = ("data", "indices", "indptr")


def write_state(model: object, folder: Path, inside: str = "") -> dict[str, Any]:
    """Write every attribute that ends in `_` (the catalogue and the histories apart).

    A model that is made of models keeps them by name in one attribute; each is written the same way.

    Args:
        model: A fitted dataclass: its fields are the settings.
        folder: An empty folder.
        inside: Begins the names of files: of which model this one is a part.

    Returns:
        {"settings": …, "state": name -> how it was written}.

    Raises:
        InvalidInput: An attribute is of a kind that has no file form.
    """
    settings = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}  # type: ignore[arg-type]
    state: dict[str, Any] = {}
    for name, value in sorted(vars(model).items()):
        if not name.endswith("_") or name in _SHARED or name in settings:
            continue
        file = inside + name
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            np.save(folder / f"{file}.npy", value, allow_pickle=False)
            state[name] = {"kind": "array"}
        elif isinstance(value, Mapping) and value and all(isinstance(part, np.ndarray) for part in value.values()):
            for part, array in value.items():
                np.save(folder / f"{file}.{part}.npy", array, allow_pickle=False)
            state[name] = {"kind": "arrays", "parts": list(value)}
        elif isinstance(value, Mapping) and value and all(isinstance(part, Recommender) for part in value.values()):
            cards = {part: write_state(one, folder, f"{file}.{part}.") for part, one in value.items()}
            names = {part: type(one).__module__.rsplit(".", 1)[-1] for part, one in value.items()}
            state[name] = {"kind": "models", "parts": {part: {"model": names[part], **cards[part]} for part in value}}
        elif sp.issparse(value):
            matrix = sp.csr_array(value)  # type: ignore[call-overload]  # any sparse form, as just asked
            for part in _PARTS:
                np.save(folder / f"{file}.{part}.npy", getattr(matrix, part), allow_pickle=False)
            state[name] = {"kind": "csr", "shape": list(matrix.shape)}
        elif value is None or isinstance(value, (bool, int, float, str)):
            state[name] = {"kind": "value", "value": value}
        else:
            raise InvalidInput(f"{type(model).__name__}.{name}: {type(value).__name__} has no file form")
    return {"settings": settings, "state": state}


def read_state(folder: Path, state: dict[str, Any], inside: str = "") -> dict[str, Any]:
    """Read what `write_state` wrote.

    Args:
        folder: Where the files are.
        state: The "state" that it returned.
        inside: Begins the names of files, as it was written.

    Raises:
        CorruptBundle: A name or kind that `write_state` never writes.
    """
    found: dict[str, Any] = {}
    for name, how in state.items():
        if not name.isidentifier() or not name.endswith("_"):
            raise CorruptBundle(f"{folder}: {name!r} is no name of learned state")
        file = inside + name
        if how["kind"] == "array":
            found[name] = np.load(folder / f"{file}.npy", allow_pickle=False)
        elif how["kind"] == "arrays":
            found[name] = {part: _part(folder, file, part) for part in how["parts"]}
        elif how["kind"] == "models":
            found[name] = {part: _model(folder, card, f"{file}.{part}.") for part, card in how["parts"].items()}
        elif how["kind"] == "csr":
            data, *places = (np.load(folder / f"{file}.{part}.npy", allow_pickle=False) for part in _PARTS)
            found[name] = sp.csr_array((data, *map(narrow, places)), shape=tuple(how["shape"]))
        elif how["kind"] == "value":
            found[name] = how["value"]
        else:
            raise CorruptBundle(f"{folder}: {name} has the unknown kind {how['kind']!r}")
    return found


def _model(folder: Path, card: dict[str, Any], inside: str) -> Recommender:
    """Read a model that is a part of another; its items and histories are given to it by that one."""
    if not all(word.isidentifier() or word.isdecimal() for word in inside.rstrip(".").split(".")):
        raise CorruptBundle(f"{folder}: {inside!r} is no name of a part")
    try:
        kind = MODELS.load(card["model"])
    except NotFound as error:
        raise CorruptBundle(
            f"{folder}: has a part that this version does not have ({error}); update crossrec"
        ) from error
    model = kind(**card["settings"])
    for name, value in read_state(folder, card["state"], inside).items():
        setattr(model, name, value)
    return model


def _part(folder: Path, name: str, part: str) -> np.ndarray[Any, Any]:
    """Read one array of a network, whose name is words with dots between them."""
    if not all(word.isidentifier() or word.isdecimal() for word in part.split(".")):
        raise CorruptBundle(f"{folder}: {part!r} is no name of a network's weights")
    array: np.ndarray[Any, Any] = np.load(folder / f"{name}.{part}.npy", allow_pickle=False)
    return array


def write_catalogue(catalogue: Catalogue, folder: Path) -> None:
    """Write the items, what is known about them, and the domains to an empty folder."""
    own = pl.DataFrame({"__id": catalogue.ids.series, "__domain": catalogue.domains})
    columns = catalogue.columns
    table = own if columns is None else own.hstack(columns)
    table.write_parquet(folder / "items.parquet")
    pl.DataFrame({"domain": catalogue.domain_ids.series}).write_parquet(folder / "domains.parquet")


def read_catalogue(folder: Path) -> Catalogue:
    """Read what `write_catalogue` wrote."""
    table = pl.read_parquet(folder / "items.parquet")
    domains = pl.read_parquet(folder / "domains.parquet")["domain"]
    columns = table.drop("__id", "__domain")
    return Catalogue(
        Vocabulary(table["__id"]), table["__domain"].to_numpy(), Vocabulary(domains), columns if columns.width else None
    )


def write_histories(histories: Histories, folder: Path) -> None:
    """Write persons and their acts to an empty folder."""
    counts = np.diff(histories.acts.indptr)
    pl.DataFrame({"user": histories.user_ids.series, "acts": counts}).write_parquet(folder / "users.parquet")
    pl.DataFrame({name: getattr(histories.acts, name) for name in _ACTS}).write_parquet(folder / "acts.parquet")


def read_histories(folder: Path, catalogue: Catalogue) -> Histories:
    """Read what `write_histories` wrote.

    Raises:
        CorruptBundle: The two tables disagree, or an act is about an item that is not there.
    """
    users = pl.read_parquet(folder / "users.parquet")
    acts = pl.read_parquet(folder / "acts.parquet")
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(users["acts"].to_numpy())])
    if indptr[-1] != acts.height:
        raise CorruptBundle(f"{folder}: {indptr[-1]} acts announced, {acts.height} found")
    columns: dict[str, Any] = {name: acts[name].to_numpy() for name in _ACTS}
    if acts.height and not -1 <= int(columns["items"].min()) <= int(columns["items"].max()) < len(catalogue):
        raise CorruptBundle(f"{folder}: has items that are not in the catalogue")
    return Histories(Vocabulary(users["user"]), Queries(indptr, **columns, catalogue=catalogue))
