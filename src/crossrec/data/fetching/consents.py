"""Consent to licences, remembered in the folder of downloads: who agreed to what terms, when and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crossrec.core.clock import now
from crossrec.core.errors import CorruptBundle
from crossrec.data.fetching.corpus import Corpus, Licence

__all__ = ["CONSENTS", "consented", "record_consent"]

CONSENTS = "consents.json"
"""Name of the file in the folder of downloads."""


def consented(downloads: Path, licence: Licence) -> bool:
    """Tell whether these very terms were agreed to here; other terms under the same name are asked for anew.

    Raises:
        CorruptBundle: The file of consents is damaged.
    """
    return any(
        entry.get("licence") == licence.name and entry.get("terms") == licence.terms for entry in _read(downloads)
    )


def record_consent(downloads: Path, corpus: Corpus, how: str) -> None:
    """Write down that the terms of a corpus were agreed to.

    Args:
        downloads: The folder of downloads; made where it is not there.
        corpus: What was asked for.
        how: "asked" at a terminal, or "--yes".
    """
    downloads.mkdir(parents=True, exist_ok=True)
    licence = corpus.licence
    entry = {
        "licence": licence.name,
        "corpus": corpus.name,
        "at": now(),
        "how": how,
        "terms": licence.terms,
        "page": licence.page,
    }
    fresh = downloads / f".{CONSENTS}.new"
    fresh.write_text(json.dumps([*_read(downloads), entry], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(downloads / CONSENTS)


def _read(downloads: Path) -> list[dict[str, Any]]:
    path = downloads / CONSENTS
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (ValueError, OSError) as error:
        raise CorruptBundle(
            f"{path}: expected the consents given so far ({error}); move it away to be asked again"
        ) from error
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
