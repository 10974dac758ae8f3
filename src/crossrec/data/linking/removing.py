"""Take a person's accounts apart for good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from crossrec.core.clock import now
from crossrec.core.errors import NotFound
from crossrec.data.linking.links import read_links, spaces, write_links
from crossrec.data.manifest import read_manifest
from crossrec.data.storing.transaction import writing

__all__ = ["remove_person"]


def remove_person(folder: str | Path, person: str, clock: Callable[[], int] = now) -> int:
    """Take the accounts of a person apart for good and return how many there were.

    Of each account only a salted digest and the moment stay, so that an old table does not link it again, nor a copy
    that is made of this data set.

    Args:
        folder: The data set.
        person: The person's id; of an address, what `person_of_address` makes of it.
        clock: Gives the moment, milliseconds UTC.

    Raises:
        NotFound: There is no data set, or no such person is linked in it.
    """
    place = Path(folder)
    manifest = read_manifest(place)
    with writing(place):
        links = read_links(place)
        own = links.table.filter(pl.col("person_id") == person).select("domain", "user_id").rows()
        if not own:
            raise NotFound(f"no such person is linked in '{place}'")
        write_links(place, links.without(own, spaces(manifest.domains), clock))
    return len(own)
