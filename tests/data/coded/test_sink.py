from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.sources import amazon


def reviews(numbers: range) -> list[str]:
    """Write reviews of some months; each fiftieth has its rating as text, each hundred-and-first is of no time."""
    return [
        json.dumps(
            {
                "user_id": f"u{number % 41}",
                "parent_asin": f"i{number % 83}",
                "asin": f"V{number % 7}",
                "rating": "4.0" if number % 50 == 0 else 1.0 + number % 5,
                "timestamp": 5 if number % 101 == 0 else 1_500_000_000_000 + number % 900 * 86_400_000,
            }
        )
        for number in numbers
    ]


def appended(folder: Path, out: Path) -> Dataset:
    """Import two files with rows in common, the second beside the first."""
    for name, there in (("a.jsonl", "replace"), ("b.jsonl", "append")):
        import_source("amazon", folder / name, "x", out, there=there)  # type: ignore[arg-type]
    return open_dataset(out)


def test_codes_and_text_give_the_same_data_set_with_repeats_and_odd_lines(tmp_path: Path) -> None:
    first, second = reviews(range(1_000)), reviews(range(700, 2_000))
    (tmp_path / "a.jsonl").write_text("\n".join([*first, "", "junk", first[3], first[50]]) + "\n")
    (tmp_path / "b.jsonl").write_text("\n".join([*second[:40], "\r", *second[40:]]))
    codes = appended(tmp_path, tmp_path / "codes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(amazon, "read_coded", lambda *_, **__: None)
        words = appended(tmp_path, tmp_path / "words")
    assert codes.rows("x").sort("position").collect().equals(words.rows("x").sort("position").collect())
    assert codes.quarantine("x").equals(words.quarantine("x"))
    assert codes.items("x").equals(words.items("x"))
    one, two = codes.record("x"), words.record("x")
    assert (one.users, one.items, one.time_range, one.quarantined) == (
        two.users,
        two.items,
        two.time_range,
        two.quarantined,
    )
    assert one.quarantined == {"duplicate row": 299, "timestamp outside 1990 to 2100": 23, "not a JSON object": 1}
    assert [(file.rows, file.repeats_elsewhere) for file in one.files] == [
        (file.rows, file.repeats_elsewhere) for file in two.files
    ]
