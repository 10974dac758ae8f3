"""Paper: the frame of every HTML report, and the file that it becomes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crossrec.core.errors import Unavailable

__all__ = ["templates", "write_page"]


def templates(package: str) -> Environment:
    """Return the templates of a package, which may extend `frame.html.jinja` and import from `parts.html.jinja`.

    All text is escaped but what they give to `plot`: SVG of `plots.py`, whose labels are.
    """
    loader = ChoiceLoader([PackageLoader(package, "."), PackageLoader("crossrec.data.report", ".")])
    found = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    found.globals["plot"] = Markup
    return found


def write_page(text: str, path: Path) -> None:
    """Write a page; a file of that name is replaced once the new one is whole.

    Raises:
        Unavailable: The file cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
            draft = Path(folder, path.name)
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
    except OSError as error:
        raise Unavailable(f"'{path}': the report could not be written ({error.strerror or error})") from error
