"""crossrec serve: answer over the network from a bundle."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from crossrec.core.settings import Settings, load_settings
from crossrec.tracking.remote import bundle_folder
from crossrec.wiring import serve_bundle

__all__ = ["serve"]


def serve(
    model: Annotated[str, typer.Option(help="Folder of a bundle; may be s3://, gs:// or az://.")],
    host: Annotated[str | None, typer.Option(help="Address; another than loopback needs an API key.")] = None,
    port: Annotated[int | None, typer.Option(help="Port, 0 for a free one.")] = None,
    events: Annotated[str | None, typer.Option(help="URL of the event log: sqlite:///events.db")] = None,
    settings: Annotated[Path | None, typer.Option(help="A settings file, TOML.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log warnings and errors only.")] = False,
) -> None:
    """Serve recommendations; flags win over the environment, which wins over the file."""
    chosen = _with_flags(load_settings(settings), {"host": host, "port": port, "events": events})
    serve_bundle(bundle_folder(model), chosen, quiet=quiet)


def _with_flags(settings: Settings, flags: dict[str, Any]) -> Settings:
    given = {name: value for name, value in flags.items() if value is not None}
    return dataclasses.replace(settings, server=dataclasses.replace(settings.server, **given))
