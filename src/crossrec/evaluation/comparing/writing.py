"""A leaderboard as files: JSON for programs, Markdown for reviews, HTML with plots."""

from __future__ import annotations

from pathlib import Path

from crossrec.core.errors import InvalidInput, MissingExtra, Unavailable
from crossrec.evaluation.comparing.leaderboard import Leaderboard

__all__ = ["check_folder", "write_leaderboard"]

_NAME = "leaderboard"


def check_folder(folder: Path) -> None:
    """Refuse a folder that `write_leaderboard` could not write to, before anything is worked out for it.

    Raises:
        InvalidInput: Something else than a folder is there.
        Unavailable: It cannot be made.
        MissingExtra: The extra "report" is not installed.
    """
    try:
        import crossrec.evaluation.comparing.page  # noqa: F401 - is what it needs there?
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the page of a leaderboard needs {error.name}: pip install 'crossrec[report]'") from error
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"--out: expected a folder, got the file '{folder}'")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"'{folder}': the folder could not be made ({error.strerror or error})") from error


def write_leaderboard(board: Leaderboard, folder: Path) -> None:
    """Write leaderboard.json, leaderboard.md and leaderboard.html to a folder that `check_folder` has seen.

    Raises:
        Unavailable: A file cannot be written.
    """
    from crossrec.evaluation.comparing.page import write_html_leaderboard

    try:
        (folder / f"{_NAME}.json").write_text(board.to_json() + "\n", encoding="utf-8")
        (folder / f"{_NAME}.md").write_text(board.markdown(), encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"'{folder}': the leaderboard could not be written ({error.strerror or error})") from error
    write_html_leaderboard(board, folder / f"{_NAME}.html")
