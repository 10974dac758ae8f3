"""Places: a folder of this machine, or `s3://`, `gs://`, `az://` with credentials from the environment."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crossrec.core.errors import InvalidInput, MissingExtra, Refused, Unavailable

if TYPE_CHECKING:
    from crossrec.data.exchange.bucket import Bucket

__all__ = ["Place", "bucket_at", "cache_folder", "is_remote", "localised", "place"]

_FORM = re.compile(r"(s3|gs|az):/{1,2}([^/?#@]+)(?:/([^?#]*))?")
_RESERVE = 256 << 20

# What must be in the environment: one of the credentials, and all of the others.
_CREDENTIALS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "s3": (
        (
            "AWS_ACCESS_KEY_ID",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_METADATA_ENDPOINT",
            "AWS_SKIP_SIGNATURE",
        ),
        (),
    ),
    "gs": (
        (
            "GOOGLE_SERVICE_ACCOUNT",
            "GOOGLE_SERVICE_ACCOUNT_PATH",
            "GOOGLE_SERVICE_ACCOUNT_KEY",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_BEARER_TOKEN",
            "GOOGLE_SKIP_SIGNATURE",
        ),
        (),
    ),
    "az": (
        (
            "AZURE_STORAGE_ACCOUNT_KEY",
            "AZURE_STORAGE_ACCESS_KEY",
            "AZURE_STORAGE_SAS_KEY",
            "AZURE_STORAGE_SAS_TOKEN",
            "AZURE_STORAGE_TOKEN",
            "AZURE_CLIENT_SECRET",
            "AZURE_FEDERATED_TOKEN_FILE",
            "AZURE_MSI_ENDPOINT",
            "AZURE_SKIP_SIGNATURE",
        ),
        ("AZURE_STORAGE_ACCOUNT_NAME",),
    ),
}


@dataclass(frozen=True)
class Place:
    """Somewhere in an object store.

    Args:
        scheme: "s3", "gs" or "az".
        bucket: The bucket, or on Azure the container.
        key: What follows, without slashes at its ends; may be empty.
    """

    scheme: str
    bucket: str
    key: str

    @property
    def root(self) -> str:
        """Address of the bucket."""
        return f"{self.scheme}://{self.bucket}"

    def __str__(self) -> str:
        return f"{self.root}/{self.key}".rstrip("/")

    @property
    def name(self) -> str:
        """The last part of the key, or the bucket where there is none."""
        return self.key.rsplit("/", 1)[-1] or self.bucket


def is_remote(path: str | Path) -> bool:
    """Tell whether a path is of an object store."""
    return bool(re.match(r"(s3|gs|az):/", str(path)))


def place(url: str | Path) -> Place:
    """Read an address; a `Path` that lost a slash is read as well.

    Raises:
        InvalidInput: It is no such address, or carries credentials or a query.
    """
    form = _FORM.fullmatch(str(url))
    if form is None or ".." in (form[3] or "").split("/"):
        raise InvalidInput(
            f"'{_hidden(str(url))}': expected s3://bucket/folder, gs://bucket/folder or az://container/folder; "
            "credentials come from the environment only"
        )
    return Place(form[1], form[2], (form[3] or "").strip("/"))


def bucket_at(url: str | Path, environment: Mapping[str, str] | None = None) -> Bucket:
    """Open a place in an object store.

    Args:
        url: s3://bucket/folder, gs://bucket/folder or az://container/folder.
        environment: Variables that must hold credentials; None looks at the process's.

    Raises:
        InvalidInput: It is no such address.
        Refused: There are no credentials in the environment.
        MissingExtra: The extra "cloud" is not installed.
    """
    found = place(url)
    _need_credentials(found, os.environ if environment is None else environment)
    try:
        from crossrec.data.exchange.bucket import Bucket
    except ModuleNotFoundError as error:
        raise MissingExtra(f"{found.scheme}:// needs {error.name}: pip install 'crossrec[cloud]'") from error
    return Bucket(found)


def _need_credentials(found: Place, variables: Mapping[str, str]) -> None:
    """Refuse to ask a store without credentials: the library would look for them elsewhere, and long."""
    one_of, needed = _CREDENTIALS[found.scheme]
    missing = [name for name in needed if not variables.get(name)]
    if not any(variables.get(name) for name in one_of):
        missing.append(f"one of {', '.join(one_of)}")
    if missing:
        raise Refused(f"{found}: expected credentials in the environment, found none; set {' and '.join(missing)}")


def cache_folder() -> Path:
    """Return the folder for copies of remote data sets and bundles: `CROSSREC_CACHE`, else the user's cache."""
    given = os.environ.get("CROSSREC_CACHE")
    above = os.environ.get("XDG_CACHE_HOME")
    folder = Path(given) if given else (Path(above) if above else Path.home() / ".cache") / "crossrec"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextmanager
def localised(path: str | Path, *, limit: int | None = None) -> Iterator[Path]:
    """Give a path of this machine for any path; what was copied for it is removed at the end.

    Args:
        path: Of this machine, which is given as it is, or of an object store: one object, or all below a folder.
        limit: Most bytes to copy; None is what the disk for temporary files has free, less 256 MB.

    Raises:
        NotFound: There is nothing there.
        Refused: No credentials, or the store says no.
        Unavailable: The store does not answer, or it would not fit.
    """
    if not is_remote(path):
        yield Path(path)
        return
    bucket = bucket_at(path)
    with tempfile.TemporaryDirectory(prefix="crossrec-") as folder:
        room = shutil.disk_usage(folder).free - _RESERVE if limit is None else limit
        sizes = bucket.sizes()
        if (total := sum(sizes.values())) > room:
            raise Unavailable(
                f"{bucket.place}: has {total:,} bytes, more than the {max(room, 0):,} there is room for in '{folder}'; "
                "name a part of it, or set TMPDIR to a larger disk"
            )
        target = Path(folder) / bucket.place.name
        for name, size in sizes.items():
            bucket.fetch(name, target / name if name else target, size)
        yield target


def _hidden(url: str) -> str:
    """Cut what may be a secret off an address: user and password, and the query."""
    return re.sub(r"//[^/@]*@", "//…@", url.partition("?")[0])
