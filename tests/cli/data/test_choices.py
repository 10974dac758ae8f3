from __future__ import annotations

import pytest

from crossrec.cli.data.choices import seconds_of
from crossrec.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "seconds"), [("5", 5), ("5s", 5), ("2m", 120), ("1.5h", 5400), ("500ms", 0.5), (" 10s ", 10)]
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of("--every", text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "5d", "5sm", "0s", "-1m", "nan", "inf", "5 minutes", "1hh"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"--every: expected a duration like 500ms, 5s, 2m or 1h, got"):
        seconds_of("--every", text)
