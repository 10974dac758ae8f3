"""The world in docs/simulation.md is simulated, and it names every key there is."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from crossrec.data.dataset import open_dataset
from crossrec.data.simulating.simulate import simulate
from crossrec.data.worlds.domain import Domain
from crossrec.data.worlds.reading import parse_world
from crossrec.data.worlds.truth import open_truth
from crossrec.data.worlds.world import World

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_world_of_the_page_is_simulated(tmp_path: Path) -> None:
    assert BLOCKS
    for number, text in enumerate(BLOCKS):
        world = parse_world(text, PAGE.name)
        made = simulate(world, tmp_path / str(number))
        assert set(open_dataset(tmp_path / str(number)).domains) == set(world.domains) == set(made.rows)
        assert open_truth(tmp_path / str(number)).world == world


def test_the_world_of_the_page_names_every_key() -> None:
    table = tomllib.loads(BLOCKS[0])
    assert {part.name for part in fields(World)} == set(table)
    named = {key for domain in table["domains"].values() for key in domain}
    assert {part.name for part in fields(Domain)} - {"films"} == named  # that one is told with its format
