"""Data sets in object stores: parts, links, then the version and the manifest, so a reader sees all or nothing."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.exchange.places import bucket_at, cache_folder, is_remote
from crossrec.data.exchange.tree import Entry, Moved, receive, send
from crossrec.data.linking.links import LINKS, Links, as_json, parse_links, read_links, spaces
from crossrec.data.manifest import MANIFEST, VERSIONS, Manifest, read_manifest

if TYPE_CHECKING:
    from crossrec.data.exchange.bucket import Bucket

__all__ = ["dataset_folder", "publish_dataset"]

_Told = Callable[[str, int, int], None]
_OURS = re.compile(rf"{VERSIONS}/[0-9a-f]{{64}}\.json|[^/]+/[a-z]+/(month=[^/]+/)?[0-9a-f]{{16}}\.parquet")


def publish_dataset(
    folder: Path, url: str | Path, *, version: str = "", prune: bool = False, progress: _Told | None = None
) -> Moved:
    """Copy one version of a data set into an object store, as the newest there; parts that are there are kept.

    The links go along as they are now. An account that was ever removed there stays so.

    Args:
        folder: The data set.
        url: s3://bucket/folder, gs://… or az://…
        version: Hash of an older version, or at least its first 8 characters; empty takes the newest.
        prune: Take away the versions there that are not this one, and the parts that only they have: what was
            erased here is then erased there.
        progress: Told of every part.

    Raises:
        NotFound: There is no data set, or no such version.
        Refused: No credentials, or the store says no.
        Unavailable: The store does not answer; what was newest before still is.
    """
    manifest = read_manifest(folder, version)
    text = (folder / VERSIONS / f"{manifest.version}.json").read_bytes()
    bucket = bucket_at(url)
    entries = _parts(manifest)
    moved = send(bucket, folder, entries, progress=progress)
    _send_links(bucket, folder, manifest)
    bucket.put(f"{VERSIONS}/{manifest.version}.json", text)
    bucket.put(MANIFEST, text)
    if prune:
        kept = {f"{VERSIONS}/{manifest.version}.json", *(entry.name for entry in entries)}
        bucket.delete([name for name in bucket.listed() if _OURS.fullmatch(name) and name not in kept])
    return moved


def dataset_folder(path: str | Path, version: str = "", *, progress: _Told | None = None) -> Path:
    """Give the folder of a data set on this machine; of one in an object store the parts are copied into the cache.

    Only parts that are not in the cache are copied, each checked by its hash; the links are read anew each time.

    Args:
        path: Of this machine, which is given as it is, or of an object store.
        version: Hash of an older version, or at least its first 8 characters; empty takes the newest.
        progress: Told of every part.

    Raises:
        NotFound: There is no data set, or no such version.
        CorruptBundle: It is damaged, or of a newer release.
        Refused: No credentials, or the store says no.
        Unavailable: The store does not answer, or the disk is full.
    """
    if not is_remote(path):
        return Path(path)
    bucket = bucket_at(path)
    folder = cache_folder() / "datasets" / hashlib.sha256(str(bucket.place).encode()).hexdigest()[:32]
    with tempfile.TemporaryDirectory(prefix="crossrec-") as name:
        draft = Path(name)
        (draft / VERSIONS).mkdir()
        text = _manifest_text(bucket, version)
        (draft / MANIFEST).write_bytes(text)
        manifest = read_manifest(draft)
    receive(bucket, folder, _parts(manifest), progress=progress)
    _receive_links(bucket, folder)
    (folder / VERSIONS).mkdir(parents=True, exist_ok=True)
    _replace(folder / VERSIONS / f"{manifest.version}.json", text)
    if not version or not (folder / MANIFEST).exists():
        _replace(folder / MANIFEST, text)
    return folder


def _manifest_text(bucket: Bucket, version: str) -> bytes:
    """Read the manifest of the newest version, or of one by the start of its hash."""
    if not version:
        try:
            return bucket.read(MANIFEST)
        except NotFound as error:
            raise NotFound(f"no data set at '{bucket.place}': it has no {MANIFEST}") from error
    names = [name for name in bucket.listed() if name.startswith(f"{VERSIONS}/{version}")]
    if len(version) < 8 or len(names) > 1:
        raise InvalidInput(f"version '{version[:80]}': expected at least 8 characters that one version starts with")
    if not names:
        raise NotFound(f"no version '{version[:80]}' at '{bucket.place}'")
    return bucket.read(names[0])


def _send_links(bucket: Bucket, folder: Path, manifest: Manifest) -> None:
    """Bring the links, without accounts that were removed here or there."""
    there = _links_at(bucket)
    if there is None and not (folder / LINKS).is_file():
        return
    own = read_links(folder)
    bucket.put(LINKS, as_json(own if there is None else own.obeying(there, spaces(manifest.domains))))


def _receive_links(bucket: Bucket, folder: Path) -> None:
    """Have the links as they are in the store now."""
    there = _links_at(bucket)
    if there is None:
        (folder / LINKS).unlink(missing_ok=True)
    else:
        _replace(folder / LINKS, as_json(there))


def _links_at(bucket: Bucket) -> Links | None:
    """Read the links in a store; None where there are none."""
    try:
        return parse_links(bucket.read(LINKS), f"{bucket.place}/{LINKS}")
    except NotFound:
        return None


def _parts(manifest: Manifest) -> tuple[Entry, ...]:
    """List the files of a version."""
    found = {
        part.path: Entry(part.path, part.size, part.sha256)
        for record in manifest.domains.values()
        for parts in record.parts.values()
        for part in parts
    }
    return tuple(found[path] for path in sorted(found))


def _replace(path: Path, text: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as fresh:
        fresh.write(text)
    Path(fresh.name).replace(path)
