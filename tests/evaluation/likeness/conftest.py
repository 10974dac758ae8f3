"""Puts the worlds of the transfer models' tests in reach."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "models" / "transfer"))
