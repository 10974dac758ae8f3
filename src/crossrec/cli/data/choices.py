"""Options that several commands on a data set share: which domains, which engine."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Domains", "EngineName", "Master", "Memory", "chosen_domains"]

Domains = Annotated[str, typer.Option(help="Only these domains: films,books")]
EngineName = Annotated[str, typer.Option("--engine", help="polars (this machine) or spark.")]
Master = Annotated[
    str, typer.Option(help="Where the cluster is, for --engine spark: spark://host:7077; empty is this machine.")
]
Memory = Annotated[str, typer.Option(help="Memory that the work may take: 2GB. What would take more is cut.")]


def chosen_domains(text: str) -> list[str] | None:
    """Read names with commas between them; None where there are none, which means all."""
    return [name.strip() for name in text.split(",") if name.strip()] or None
