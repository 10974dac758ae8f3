"""A folder in an object store: list, read, fetch, put; the one module that knows the library."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import from_url

from crossrec.core.errors import CorruptBundle, CrossrecError, NotFound, Refused, Unavailable
from crossrec.data.exchange.places import Place

if TYPE_CHECKING:
    from obstore.store import ClientConfig

__all__ = ["Bucket"]

_CHUNK = 4 << 20


class Bucket:
    """One place in an object store; names are relative to it.

    Credentials and endpoints are read from the environment by the library.

    Args:
        at: The place.
    """

    def __init__(self, at: Place) -> None:
        self.place = at
        with self._asking(""):
            self._store = from_url(
                at.root,
                client_options=_client_options(at.scheme),
                retry_config={"max_retries": 4, "retry_timeout": timedelta(minutes=6)},
            )

    def sizes(self) -> dict[str, int]:
        """Return what is here: name -> bytes; a place that is one object has the empty name.

        Raises:
            NotFound: Nothing is here.
        """
        found = self.listed()
        if not found and self.place.key:
            with self._asking(""):
                found = {"": int(self._store.head(self.place.key)["size"])}
        if not found:
            raise NotFound(f"{self.place}: nothing is there")
        return found

    def listed(self) -> dict[str, int]:
        """Return the objects below this place, name -> bytes; none where there is nothing."""
        above = f"{self.place.key}/" if self.place.key else ""
        with self._asking(""):
            entries = [entry for chunk in self._store.list(above or None) for entry in chunk]
        names = {str(entry["path"]).removeprefix(above): int(entry["size"]) for entry in entries}
        return {name: size for name, size in sorted(names.items()) if name and not name.endswith("/")}

    def read(self, name: str) -> bytes:
        """Read a small object.

        Raises:
            NotFound: It is not there.
        """
        with self._asking(name):
            return bytes(self._store.get(self._key(name)).bytes())

    def fetch(self, name: str, target: Path, size: int, *, sha256: str = "") -> None:
        """Copy an object to a file, which is there whole or not at all.

        Args:
            name: The object; empty is the place itself.
            target: The file; folders are made.
            size: The bytes it must have.
            sha256: The hash it must have, in hexadecimal; empty takes any.

        Raises:
            NotFound: It is not there.
            CorruptBundle: It has another size or hash.
            Unavailable: The store does not answer, or the disk refuses.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.part")
        digest, got = hashlib.sha256(), 0
        try:
            with self._asking(name), part.open("wb") as stream:
                for chunk in self._store.get(self._key(name)).stream(min_chunk_size=_CHUNK):
                    got += len(chunk)
                    digest.update(chunk)
                    stream.write(chunk)
            if got != size or (sha256 and digest.hexdigest() != sha256):
                raise CorruptBundle(
                    f"{self._full(name)}: expected {size:,} bytes{f' with SHA-256 {sha256}' if sha256 else ''}, got "
                    f"{got:,} with {digest.hexdigest()}; it was changed or cut in the store"
                )
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def put(self, name: str, content: Path | bytes) -> None:
        """Write an object, in parts where the file is large; it is there whole or not at all."""
        with self._asking(name):
            self._store.put(self._key(name), content)

    def delete(self, names: Sequence[str]) -> None:
        """Take objects away; one that is not there is no error."""
        with self._asking(""):
            if names:
                self._store.delete([self._key(name) for name in names])

    def _key(self, name: str) -> str:
        return "/".join(part for part in (self.place.key, name) if part)

    def _full(self, name: str) -> str:
        return f"{self.place}/{name}".rstrip("/")

    @contextmanager
    def _asking(self, name: str) -> Iterator[None]:
        """Turn the library's errors into those of the family, without addresses that may hold a signature."""
        at = self._full(name)
        try:
            yield
        except CrossrecError:
            raise
        except FileNotFoundError as error:
            raise NotFound(f"{at}: nothing is there") from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise Refused(f"{at}: the store refuses these credentials ({_first_line(error)})") from error
        except (BaseError, OSError, ValueError) as error:
            if "404 Not Found" in _first_line(error):
                raise NotFound(f"{self.place.root}: there is no such bucket, or none for these credentials") from error
            raise Unavailable(f"{at}: the store or the disk does not answer ({_first_line(error)})") from error


def _client_options(scheme: str) -> ClientConfig:
    """Give parts of a large file five minutes each; the library's own options stay as the environment has them."""
    prefix = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE"}[scheme]
    options: ClientConfig = {
        "timeout": os.environ.get(f"{prefix}_TIMEOUT", "5min"),
        "connect_timeout": os.environ.get(f"{prefix}_CONNECT_TIMEOUT", "10s"),
        "allow_http": os.environ.get(f"{prefix}_ALLOW_HTTP", "").lower() in ("1", "true"),
    }
    if proxy := os.environ.get(f"{prefix}_PROXY_URL"):
        options["proxy_url"] = proxy
    return options


def _first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [type(error).__name__])[0].partition(": <")[0]
    return re.sub(r"\?\S*", "?…", line)[:400]
