"""Options that several commands on a data set share: where it is, which domains, which protocol, which engine."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import parse_names
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.data.dataset import open_dataset
from crossrec.data.storing.budget import memory_of, within

__all__ = [
    "DataFolder",
    "Domains",
    "EngineName",
    "Master",
    "Memory",
    "OfProtocol",
    "ProtocolName",
    "ReadingMemory",
    "Repeats",
    "SeveralDomains",
    "chosen_domains",
    "limited",
    "read_for_models",
    "seconds_of",
]

DataFolder = Annotated[
    Path, typer.Option(help="Folder of a data set, data@1a2b3c4d for an older version; may be s3://, gs:// or az://.")
]
SeveralDomains = Annotated[
    Path,
    typer.Option(
        help="Folder of a data set with several domains, data@1a2b3c4d for an older version; may be s3://, gs:// or az://."
    ),
]
Domains = Annotated[str, typer.Option(help="Only these domains: films,books")]
ProtocolName = Annotated[str, typer.Option(help="leave-last-out, global-time, given, random or new-users.")]
OfProtocol = Annotated[
    list[str] | None,
    typer.Option("--protocol-set", help="A setting of the protocol: test_persons=1200, sampled=99. Repeat."),
]
Repeats = Annotated[bool, typer.Option("--repeats", help="Lists may hold what the user already had.")]
EngineName = Annotated[str, typer.Option("--engine", help="polars (this machine) or spark.")]
Master = Annotated[
    str, typer.Option(help="Where the cluster is, for --engine spark: spark://host:7077; empty is this machine.")
]
Memory = Annotated[
    str,
    typer.Option(help="Memory that the work may take on this machine: 2GB. What would take more is cut, or spilled."),
]
ReadingMemory = Annotated[
    str, typer.Option("--memory", help="Memory that the rows may take: 2GB. Where they need more, nothing is read.")
]


_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(option: str, text: str) -> float:
    """Read a duration: `500ms`, `5s`, `2m`, `1h`; a bare number is seconds.

    Args:
        option: The option's name, for the message.
        text: What was given.

    Raises:
        InvalidInput: It is no duration, or not above 0.
    """
    number = text.strip().rstrip("hms")
    unit = text.strip()[len(number) :] or "s"
    try:
        seconds = float(number) * _SECONDS[unit]
    except (ValueError, KeyError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise InvalidInput(f"{option}: expected a duration like 500ms, 5s, 2m or 1h, got '{text[:40]}'")
    return seconds


def chosen_domains(text: str) -> list[str] | None:
    """Read names with commas between them; None where there are none, which means all."""
    return parse_names(text) or None


def limited(memory: str) -> AbstractContextManager[None]:
    """Let the work of a block take what `--memory` says; empty sets no limit.

    Raises:
        InvalidInput: It is no size, or below the least.
    """
    return within(memory_of(memory) if memory else None)


def read_for_models(data: Path, domains: str, memory: str = "") -> Interactions:
    """Read the rows of some domains into memory.

    Args:
        data: Folder of the data set.
        domains: Names with commas; empty takes all.
        memory: What `--memory` says; empty sets no limit.

    Raises:
        InvalidInput: The memory is no size, or below the least.
        OutOfBudget: The rows would take more.
    """
    with limited(memory):
        return open_dataset(data).interactions(chosen_domains(domains))
