"""Lets `python -m crossrec` be the command `crossrec`."""

from __future__ import annotations

from crossrec.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
