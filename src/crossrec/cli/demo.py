"""crossrec demo: everything on this machine in one command, and `--check` to prove each step."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.demo_server import DemoServer, choose_port, started
from crossrec.cli.demo_story import Story, find_story
from crossrec.cli.show import advancing, note, out, table, working
from crossrec.core.errors import CrossrecError
from crossrec.data.check import check as check_data
from crossrec.data.dataset import Dataset
from crossrec.data.samples import import_samples
from crossrec.evaluation.evaluate import evaluate
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.report import Report
from crossrec.models.progress import watching
from crossrec.models.recommender import create
from crossrec.tracking.bundle import Bundle
from crossrec.wiring import as_served, train_on

__all__ = ["demo"]

PROTOCOLS = {
    "films": Protocol("global-time", k=10),
    "shop": Protocol("global-time", k=10, repeats=True),  # people buy the same thing again
    "books": Protocol("random", k=10),  # the source has no times
}
MODELS: dict[str, dict[str, int]] = {"popularity": {}, "item_knn": {}, "als": {}, "ease": {"keep": 200}}
METRICS = ("ndcg", "recall", "coverage")
REFERENCE = "popularity"


class DemoFailed(CrossrecError):
    """A step of `demo --check` did not do what it promises."""


def demo(
    check: Annotated[bool, typer.Option("--check", help="Verify each step, then stop instead of serving.")] = False,
    port: Annotated[
        int | None, typer.Option(help="The server's port, 0 for any free one; 8000, or a free one where that is taken.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Where data and model go; a temporary one by default.")] = None,
) -> None:
    """Import three real domains, compare models, serve the best, and watch an event change the answer."""
    listening = choose_port(0 if check else port)
    with tempfile.TemporaryDirectory(prefix="crossrec-demo-") as temporary:
        home = folder or Path(temporary)
        dataset = _import(home / "data")
        best = _compare(dataset)
        bundle = _train(best, dataset, home / "model")
        with started(bundle.folder, bundle.version, home / "events.db", listening) as server:
            _watch_an_event(server, bundle)
            if check:
                out.print("demo: every step checked")
                return
            out.print(f"\nThe API's page: {server.url}/docs   (Ctrl-C stops)")
            server.wait()


def _step(number: int, text: str) -> None:
    out.print(f"\n{number}. {text}", style="bold")


def _must(claim: bool, text: str) -> None:
    """Hold the demo to what it says; without `--check` too, since a demo that lies is worse than none."""
    if not claim:
        raise DemoFailed(f"demo: {text}")


def _import(folder: Path) -> Dataset:
    _step(1, "Import three real domains and check them")
    with working("importing"):
        dataset = import_samples(folder)
        report = check_data(dataset)
    out.print(str(report))
    _must(set(dataset.domains) == set(PROTOCOLS), f"expected the domains {sorted(PROTOCOLS)}, got {dataset.domains}")
    _must(report.ok, "the bundled data have errors")
    return dataset


def _compare(dataset: Dataset) -> str:
    _step(2, "Compare models honestly: full catalogue, later interactions as the test")
    reports: dict[str, Report] = {}
    for domain, protocol in PROTOCOLS.items():
        with advancing() as progress:
            models = {name: as_served(name, create(name, **settings)) for name, settings in MODELS.items()}
            data = dataset.interactions([domain])
            reports[domain] = evaluate(models, data, protocol, metrics=METRICS, reference=REFERENCE, progress=progress)
        out.print(f"\n{domain}")
        out.print(str(reports[domain]))
    best = max(MODELS, key=lambda name: _lift(name, reports))
    _must(best != REFERENCE, "no model beats popularity")
    lifts = ", ".join(f"{name} {_lift(name, reports):.2f} ×" for name in MODELS)
    out.print(f"\nndcg@10 against popularity, mean over the domains: {lifts}. The best is {best}.")
    return best


def _lift(name: str, reports: dict[str, Report]) -> float:
    """Say how many times popularity's ndcg@10 a model reaches, the mean over the domains."""
    ratios = [
        report.model(name).metrics["ndcg@10"].value / report.model(REFERENCE).metrics["ndcg@10"].value
        for report in reports.values()
    ]
    return sum(ratios) / len(ratios)


def _train(best: str, dataset: Dataset, folder: Path) -> Bundle:
    _step(3, f"Train {best} on all domains and save it")
    with advancing(f"training {best}") as progress, watching(progress):
        bundle = train_on(best, create(best, **MODELS[best]), dataset.interactions(), folder)
    out.print(f"saved {bundle.folder}, version {bundle.version}, domains {', '.join(bundle.card.data['domains'])}")
    _must(
        bundle.card.data["rows"] == sum(len(dataset.interactions([name])) for name in dataset.domains),
        "rows were lost between data set and model",
    )
    return bundle


def _watch_an_event(server: DemoServer, bundle: Bundle) -> None:
    _step(4, "Ask, post an event, ask again")
    story = find_story(bundle.model, domain="films")
    before = server.recommend(story.user, "films")
    _show(f"for {story.user}, before", before)
    _must([item["id"] for item in before["items"]] == story.before, "the server's list differs from the model's")
    server.post_event(story.user, story.item, "rate")
    out.print(f"\n{story.user} rates {story.title}: POST /v1/events answers 202")
    after = server.recommend(story.user, "films")
    _show(f"for {story.user}, after", after)
    _explain_change(story, before, after)
    _must(server.status("/docs") == 200 and server.status("/health/ready") == 200, "the docs page does not answer")
    stranger = server.recommend("nobody-knows-me", "films")
    _must(stranger["items"][0]["source"] == REFERENCE, "a stranger was not served by popularity")


def _explain_change(
    story: Story, before: dict[str, list[dict[str, str]]], after: dict[str, list[dict[str, str]]]
) -> None:
    """Show the items that entered because of the event, and hold the server to there being one."""
    old = {item["id"] for item in before["items"]}
    entered = [item for item in after["items"] if item["id"] not in old]
    caused = [item for item in entered if story.title in item["reason"]]
    _must(bool(caused), "no item entered because of the event: is fold-in switched off?")
    _must(story.item not in {item["id"] for item in after["items"]}, "the rated item is still in the list")
    for item in caused:
        out.print(f"entered: {item.get('title', item['id'])}: {item['reason']}")


def _show(title: str, answer: dict[str, list[dict[str, str]]]) -> None:
    rows = [[item.get("title", item["id"]), f"{float(item['score']):.3f}", item["reason"]] for item in answer["items"]]
    table(title, ["item", "score", "reason"], rows)
    note.print(f"recommendation {answer['recommendation_id']}, took {answer['took_ms']} ms", style="dim")
