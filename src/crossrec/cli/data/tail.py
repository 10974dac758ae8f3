"""crossrec data tail: an event log becomes a data set while it grows."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.data.choices import Memory, limited, seconds_of
from crossrec.cli.show import AsJson, out, print_json
from crossrec.core.errors import InvalidInput, NotFound, Unavailable
from crossrec.events.log import open_log
from crossrec.jobs.tail import Round, tail_once

__all__ = ["tail"]


def tail(
    log: Annotated[str, typer.Argument(help="URL of the event log: sqlite:///events.db")],
    out_folder: Annotated[Path, typer.Option("--out", help="Folder of the data set; made if it is not there.")],
    domain: Annotated[str, typer.Option(help="Name of the domain; events of other domains are passed over.")],
    once: Annotated[bool, typer.Option("--once", help="Read what there is, and end.")] = False,
    every: Annotated[str, typer.Option(help="Time between rounds: 500ms, 5s, 2m, 1h.")] = "5s",
    batch: Annotated[int, typer.Option(help="Most events of a round.")] = 10_000,
    memory: Memory = "",
    as_json: AsJson = False,
) -> None:
    """Write what arrives in an event log as Parquet, in micro-batches; begins where the last run ended."""
    pause = seconds_of("--every", every)
    if batch < 1:
        raise InvalidInput(f"--batch: expected at least 1, got {batch}")
    path = Path(log.removeprefix("sqlite:///"))
    if log.startswith("sqlite:///") and not path.is_file():
        raise NotFound(f"no event log at '{path}': a tail reads one that is there")
    with limited(memory), closing(open_log(log)) as opened:
        while True:
            try:
                done = tail_once(opened, out_folder, domain, limit=batch)
            except Unavailable as error:
                if once:
                    raise
                out.print(f"waiting: {error}")
                done = None
            if done and (done.read or done.erased or once):
                _say(done, as_json=as_json)
            if done and done.read == batch:
                continue  # there may be more
            if once:
                return
            time.sleep(pause)


def _say(done: Round, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done))
        return
    passed = f", {done.other_domains:,} of other domains" if done.other_domains else ""
    erased = f", {done.erased:,} persons erased" if done.erased else ""
    out.print(
        f"{done.read:,} events read: {done.taken:,} rows, {done.quarantined:,} quarantined{passed}{erased}; "
        f"cursor {done.cursor:,}"
    )
