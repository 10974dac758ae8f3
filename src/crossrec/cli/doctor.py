"""crossrec doctor: what is installed, how many cores and threads, what is reachable; ask for it in bug reports."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from crossrec.cli.show import AsJson, out, print_json, table
from crossrec.core.errors import CrossrecError
from crossrec.core.settings import load_settings
from crossrec.events.log import open_log
from crossrec.models.machine import available_bytes

__all__ = ["doctor"]


def doctor(
    settings: Annotated[Path | None, typer.Option(help="A settings file, TOML.")] = None, as_json: AsJson = False
) -> None:
    """Print versions, extras, cores, threads, memory, settings and what is reachable."""
    chosen = load_settings(settings)
    found: dict[str, Any] = {
        "crossrec": importlib.metadata.version("crossrec"),
        "machine": _machine(),
        "packages": _versions(_requirements("")),
        "extras": {extra: _extra(extra) for extra in _extras()},
        "settings": {"threads": chosen.threads, **{f"server.{k}": v for k, v in _shown(chosen.server).items()}},
        "reachable": {f"event log {chosen.server.events}": _event_log(chosen.server.events)},
    }
    if as_json:
        print_json(found)
        return
    out.print(f"crossrec {found['crossrec']}")
    for part in ("machine", "packages", "extras", "settings", "reachable"):
        table(part, ["", ""], [[name, str(value)] for name, value in found[part].items()])


def _machine() -> dict[str, Any]:
    import numba

    free = available_bytes()
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "threads": numba.get_num_threads(),
        "free memory": "unknown" if free is None else f"{free / 1e9:.1f} GB",
        "free disk here": f"{shutil.disk_usage('.').free / 1e9:.1f} GB",
    }


def _requirements(extra: str) -> list[str]:
    """Name the packages that the core, or one extra, asks for."""
    names = []
    for line in importlib.metadata.requires("crossrec") or []:
        marker = re.search(r"extra == ['\"](.+?)['\"]", line)
        if (marker.group(1) if marker else "") == extra:
            names.append(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0])
    return names


def _extras() -> list[str]:
    return [name for name in importlib.metadata.metadata("crossrec").get_all("Provides-Extra") or [] if name != "all"]


def _versions(names: list[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def _extra(extra: str) -> str:
    missing = [name for name, version in _versions(_requirements(extra)).items() if version == "missing"]
    return f"missing {', '.join(missing)}: pip install 'crossrec[{extra}]'" if missing else "installed"


def _shown(server: Any) -> dict[str, Any]:
    """List the server's settings; a secret is only said to be set or not."""
    return {**vars(server), "api_key": "set" if server.api_key else "not set"}


def _event_log(url: str) -> str:
    """Say whether the event log answers, without making a new one."""
    scheme, _, location = url.partition("://")
    if scheme == "sqlite" and not Path(location[1:]).exists():
        return "not there yet; the server makes it"
    try:
        open_log(url).close()
    except CrossrecError as error:
        return f"no: {error}"
    return "yes"
