"""Bundles in object stores: each state is an immutable tree of files, and one small file says which is the newest.

```
s3://bucket/model/bundle.json               the newest: its files with sizes and hashes; written last
s3://bucket/model/trees/<hash>/model.json   the files of one state
```
A reader sees the old state or the new one, each whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from crossrec.core.errors import CorruptBundle
from crossrec.data.exchange.places import bucket_at, cache_folder, is_remote
from crossrec.data.exchange.tree import Entry, Moved, entries_in, receive, send
from crossrec.models.storage import model_version

__all__ = ["POINTER", "bundle_folder", "outgoing_bundle", "publish_bundle"]

POINTER = "bundle.json"
"""Name of the file that says which state is the newest."""
_SCHEMA = 1
_TREES = "trees"


def publish_bundle(folder: Path, url: str, *, progress: Callable[[str, int, int], None] | None = None) -> Moved:
    """Copy a bundle into an object store as its newest state; files of a state that is there are not copied again.

    Args:
        folder: The bundle.
        url: s3://bucket/folder, gs://… or az://…
        progress: Told of every file.

    Raises:
        NotFound: There is no model in the folder.
        Refused: No credentials, or the store says no.
        Unavailable: The store does not answer; what was newest before still is.
    """
    version = model_version(folder)
    bucket = bucket_at(url)
    entries = entries_in(folder)
    tree = _tree(entries)
    moved = send(bucket, folder, entries, below=f"{_TREES}/{tree}", progress=progress)
    pointer = {"schema": _SCHEMA, "version": version, "tree": tree, "files": [asdict(entry) for entry in entries]}
    bucket.put(POINTER, (json.dumps(pointer, indent=2) + "\n").encode())
    return moved


def bundle_folder(path: str | Path, *, progress: Callable[[str, int, int], None] | None = None) -> Path:
    """Give the folder of a bundle on this machine; one of an object store is copied into the cache first.

    A state that is in the cache is used as it is, with what was erased from it here.

    Raises:
        NotFound: There is no bundle.
        CorruptBundle: It is damaged, or of a newer release.
        Refused: No credentials, or the store says no.
        Unavailable: The store does not answer, or the disk is full.
    """
    if not is_remote(path):
        return Path(path)
    bucket = bucket_at(path)
    tree, entries = _newest(bucket.read(POINTER), str(bucket.place))
    above = cache_folder() / "bundles"
    folder = above / tree
    if folder.is_dir():
        return folder
    above.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{tree}-", dir=above))
    try:
        receive(bucket, draft, entries, below=f"{_TREES}/{tree}", progress=progress)
        try:
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was quicker, with the same files
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


@contextmanager
def outgoing_bundle(path: str | Path) -> Iterator[Path]:
    """Give a folder to write a bundle to; for an object store it is published and removed at the end."""
    if not is_remote(path):
        yield Path(path)
        return
    bucket_at(path)  # without credentials, say so before hours of training
    with tempfile.TemporaryDirectory(prefix="crossrec-") as name:
        yield (folder := Path(name) / "bundle")
        publish_bundle(folder, os.fspath(path))


def _newest(text: bytes, at: str) -> tuple[str, tuple[Entry, ...]]:
    """Read which state is the newest."""
    try:
        found = json.loads(text)
        if int(found["schema"]) > _SCHEMA:
            raise CorruptBundle(f"{at}/{POINTER}: expected schema {_SCHEMA}, got {found['schema']}; update crossrec")
        entries = tuple(Entry(str(e["name"]), int(e["size"]), str(e["sha256"])) for e in found["files"])
        tree = str(found["tree"])
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, CorruptBundle):
            raise
        raise CorruptBundle(
            f"{at}/{POINTER}: expected the newest state of a bundle ({error}); publish it again"
        ) from error
    if tree != _tree(entries):
        raise CorruptBundle(f"{at}/{POINTER}: its files are not those of the state '{tree[:20]}'; publish it again")
    return tree, entries


def _tree(entries: tuple[Entry, ...]) -> str:
    """Name a state by all that is in it."""
    content = json.dumps([[entry.name, entry.size, entry.sha256] for entry in entries])
    return hashlib.sha256(content.encode()).hexdigest()[:32]
