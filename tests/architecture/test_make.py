"""The Makefile's verbs end well where there is nothing to do, and badly where something failed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize(("code", "ends_well"), [(0, True), (5, True), (1, False), (2, False)])
def test_no_slow_test_is_no_failure(tmp_path: Path, code: int, ends_well: bool) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
    python.chmod(0o755)
    words = ["make", "-C", str(ROOT), "--assume-old=.venv/.dev", f"BIN={tmp_path}", "test-slow"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own Makefile
    assert (done.returncode == 0) is ends_well, done.stdout + done.stderr
