"""From an event log to a data set in micro-batches: the rows that a batch import of the same events gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.core.catalogue import split_id
from crossrec.core.clock import now
from crossrec.core.errors import InvalidInput
from crossrec.core.event import Event
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.row_checks import checked, kept, refused
from crossrec.data.schema import check_domain
from crossrec.data.source import Rules
from crossrec.data.storing.writing import append_rows, existing
from crossrec.events.log import Tails

__all__ = ["Round", "events_table", "tail_once"]

_SOURCE = "events"
_COLUMNS = pl.Schema(
    {
        "file": pl.String(),
        "line": pl.Int64(),
        "user_id": pl.String(),
        "item_id": pl.String(),
        "rating": pl.Float64(),
        "timestamp": pl.Int64(),
        "position": pl.Int64(),
        "interaction_type": pl.String(),
        "context": pl.String(),
    }
)


@dataclass(frozen=True)
class Round:
    """What one round did.

    Args:
        read: Events read from the log.
        taken: Rows written.
        quarantined: Events that broke a rule of the schema (a time outside 1990 to 2100, say).
        other_domains: Events of other domains, passed over.
        erased: Persons whose rows were taken out, since the log forgot them.
        cursor: Where the next round begins.
    """

    read: int
    taken: int
    quarantined: int
    other_domains: int
    erased: int
    cursor: int


def tail_once(
    log: Tails, out: str | Path, domain: str, *, limit: int = 10_000, clock: Callable[[], int] = now
) -> Round:
    """Read what came since the last round and write it as one version; where the log stands is written with it.

    A process that is killed in between has written the rows and the place, or neither, so nothing is lost and nothing
    comes twice. Late events lie in the month of their time. Rows of persons whom the log has forgotten since are taken
    out; older versions of the data set still hold them until they are dropped.

    Args:
        log: A log that can be read on.
        out: The data set's folder; made where there is none.
        domain: The domain: events that name it, or no domain at all.
        limit: Most events of a round, >= 1.
        clock: Gives the moment, milliseconds UTC.

    Raises:
        InvalidInput: The domain is there and came from elsewhere, also from another log.
        Unavailable: The log or the disk does not answer, or another process writes.
    """
    folder = Path(out)
    check_domain(domain)
    manifest = existing(folder)
    record = manifest.domains.get(domain) if manifest else None
    mark = dict(record.mark) if record else {}
    if str(mark.get("log", log.identity)) != log.identity:
        raise InvalidInput(
            f"domain '{domain}': expected the log that it was read from so far, got another one; give it its own domain"
        )
    looked = clock()
    away = _forgotten(log, folder, domain, int(mark.get("erased", 0))) if record else {}
    came = log.since(int(mark.get("cursor", 0)), limit)
    own = [(cursor, event) for cursor, event in came if _belongs(event, domain)]
    cursor = came[-1][0] if came else int(mark.get("cursor", 0))
    if not came and not away:
        return Round(0, 0, 0, 0, 0, cursor)
    table = events_table(own, domain)
    rows = checked(table.lazy(), Rules(None, unit="ms", unrated=True, own_context=True), domain)
    bad = refused(rows).collect()
    append_rows(
        folder,
        domain,
        kept(rows),
        mark={"cursor": cursor, "erased": looked, "log": log.identity},
        source=_SOURCE,
        quarantine=bad,
        after=mark,
        without=away,
    )
    return Round(len(came), len(own) - bad.height, bad.height, len(came) - len(own), len(away), cursor)


def events_table(events: list[tuple[int, Event]], domain: str) -> pl.DataFrame:
    """Return events as rows of a source, not yet checked; the cursor is the line and the position.

    Args:
        events: Cursor and event.
        domain: The domain whose name is taken off the items' ids.
    """
    rows = [
        {
            "file": _SOURCE,
            "line": cursor,
            "user_id": event.user,
            "item_id": _native(event.item, domain),
            "rating": event.value if event.kind == "rate" else None,
            "timestamp": event.at,
            "position": cursor,
            "interaction_type": event.kind,
            "context": _context(event),
        }
        for cursor, event in events
    ]
    return pl.DataFrame(rows, schema=_COLUMNS)


def _belongs(event: Event, domain: str) -> bool:
    """Is an event about this domain? One without a domain is, unless its item names another."""
    if event.domain:
        return event.domain == domain
    return ":" not in event.item or event.item.startswith(f"{domain}:")


def _native(item: str, domain: str) -> str:
    """Return the item's id as its own domain writes it."""
    return split_id(item)[1] if item.startswith(f"{domain}:") else item


def _context(event: Event) -> str | None:
    """Keep what the schema has no column for: what was known around it, the answer, a value that is no rating."""
    about: dict[str, object] = json.loads(event.context) if event.context else {}
    if event.recommendation_id:
        about["recommendation_id"] = event.recommendation_id
    if event.value is not None and event.kind != "rate":
        about["value"] = event.value
    return json.dumps(about, ensure_ascii=False) if about else None


def _forgotten(log: Tails, folder: Path, domain: str, since: int) -> dict[str, int]:
    """Return the users of a domain whom the log has forgotten since a moment, and when."""
    keys = log.forgotten(since)
    if not keys:
        return {}
    rows = open_dataset(folder).rows(domain)
    first = rows.group_by("user_id").agg(pl.col("timestamp").min()).collect(engine="streaming")
    return {  # who has no row from before was taken out in an earlier round
        user: keys[key] for user, at in first.iter_rows() if (key := log.person(user)) in keys and at <= keys[key]
    }
