"""Every code block in README and docs runs, every command in it exists, every doctest holds."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

import crossrec

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<words>[^\n`]*)\n(?P<text>.*?)^(?P=ticks)$", re.MULTILINE | re.DOTALL)
MODULES = [
    module.name
    for module in pkgutil.walk_packages(crossrec.__path__, "crossrec.")
    if not module.name.endswith("__main__")
]


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, tuple(found["words"].split()), found["text"])
        for found in FENCE.finditer(text)
    ]


ALL = [block for page in PAGES for block in blocks(page)]
PYTHON = [block for block in ALL if block.words[:1] == ("python",)]
SHELL = [block for block in ALL if block.words[:1] in (("bash",), ("sh",), ("console",), ("shell",))]


@pytest.mark.parametrize("page", [page for page in PAGES if any(block.page == page for block in PYTHON)], ids=str)
def test_python_blocks_run_in_order(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The blocks of a page run one after the other, as a reader types them, and print what stands below them.

    `notest` needs its reason; the `text` block after a block is its output, in which a line `…` stands for any.
    """
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {"__name__": "docs"}
    for block in (block for block in PYTHON if block.page == page):
        if "notest" in block.words:
            assert len(" ".join(block.words)) > len("python notest "), f"{block}: say why it is not run"
            continue
        if block.text.lstrip().startswith(">>>"):
            example = doctest.DocTestParser().get_doctest(block.text, space, str(block), str(page), block.line)
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
            assert runner.run(example, clear_globs=False).failed == 0, str(block)
            space.update(example.globs)
            continue
        capsys.readouterr()
        run_block(compile("\n" * block.line + block.text, str(page), "exec"), space)
        printed = capsys.readouterr().out
        if (promised := output_of(block)) is not None:
            pattern = r"\n".join(".*" if line == "…" else re.escape(line) for line in promised.strip().splitlines())
            assert re.fullmatch(pattern, printed.strip(), re.DOTALL), f"{block} prints\n{printed}"


def output_of(block: Block) -> str | None:
    """Return the text block that stands right after a block, or None."""
    after = [other for other in ALL if other.page == block.page and other.line > block.line]
    return after[0].text if after and after[0].words[:1] == ("text",) else None


def test_promised_output_is_found() -> None:
    found = [block for block in PYTHON if output_of(block) is not None]
    assert {block.page.name for block in found} >= {"README.md", "models.md"}


run_block = getattr(__builtins__, "exec", None) or __builtins__["exec"]  # type: ignore[index]


def commands(block: Block) -> list[list[str]]:
    """Return the `crossrec …` command lines of a block, without prompts, comments and pipes."""
    lines = re.sub(r"\\\n\s*", " ", block.text).splitlines()
    found = [re.sub(r"^\s*[$]\s+", "", line).removeprefix(".venv/bin/") for line in lines]
    return [
        shlex.split(re.split(r"\s[|>&]+", line)[0], comments=True)[1:] for line in found if line.startswith("crossrec ")
    ]


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_in_shell_blocks_exist_with_their_options(block: Block) -> None:
    from crossrec.cli.main import app

    for words in commands(block):
        path = words[:2] if words[0] in ("data", "transfer") else words[:1]
        if path == ["--version"]:
            continue
        shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"})
        assert shown.exit_code == 0, f"crossrec {' '.join(path)}: {shown.output}"
        for option in (word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)):
            assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", shown.output), f"{path} has no {option}"


def test_make_verbs_in_shell_blocks_exist() -> None:
    verbs = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert 0 < len(verbs) <= 15
    used = {verb for block in SHELL for verb in re.findall(r"\bmake ([a-z][a-z-]*)", block.text)}
    assert used <= verbs, f"no such verbs: {sorted(used - verbs)}"


@pytest.mark.parametrize("name", MODULES)
def test_doctests_of_a_module_hold(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_doctests_are_found_at_all() -> None:
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 10


def test_the_public_page_of_the_package_holds() -> None:
    assert doctest.testmod(crossrec).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
