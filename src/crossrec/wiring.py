"""The composition root: the one place that puts data, models, logs and the server together."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import socket
import sys
import tempfile
import typing
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossrec import __version__
from crossrec.core.clock import now, stopwatch
from crossrec.core.errors import InvalidInput, MissingExtra, Unavailable
from crossrec.core.interactions import Interactions
from crossrec.core.settings import Settings, from_text
from crossrec.data.dataset import open_dataset
from crossrec.data.engine import open_engine
from crossrec.evaluation.evaluate import evaluate
from crossrec.evaluation.protocol import Protocol
from crossrec.events.log import open_log
from crossrec.models.abilities import FitsOnEngine, Updates
from crossrec.models.fallback import Fallback
from crossrec.models.progress import Progress, watching
from crossrec.models.recommender import MODELS, Recommender, create
from crossrec.models.storage import check_place
from crossrec.models.training.resume import resuming
from crossrec.tracking.bundle import Bundle, Card, open_bundle, write_bundle

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = [
    "as_served",
    "build_server",
    "model_from_text",
    "serve_bundle",
    "split_settings",
    "train_bundle",
    "train_on",
    "update_bundle",
]

_FALLBACK = "popularity"
_NOT_EVALUATED = {"protocol": None, "note": "trained on all data, not evaluated"}
"""What a card says where no evaluation was asked for."""


def train_bundle(
    name: str,
    data: Path,
    folder: Path,
    *,
    domains: Sequence[str] | None = None,
    settings: Mapping[str, str] | None = None,
    protocol: str = "",
    k: int = 10,
    engine: str = "polars",
    master: str = "",
    resume: Path | None = None,
    progress: Progress | None = None,
) -> Bundle:
    """Train a model on a data set and save it.

    Args:
        name: The model on its shelf.
        data: Folder of the data set.
        folder: Where the bundle goes.
        domains: Learn from these only; None is all.
        settings: The model's settings as text.
        protocol: Evaluate by this one first and keep the report in the card; empty does not.
        k: Length of the lists in that evaluation.
        engine: "polars" trains in this process; "spark" has Spark learn what it can, `als` that is.
        master: Of the cluster; see `open_engine`.
        resume: A folder where a network's training keeps its state, and goes on from it; None keeps none.
        progress: Told of epochs and of the evaluation's lists.

    Raises:
        NotFound: No such model, data set, domain, protocol or engine.
        InvalidInput: A setting is wrong, the model does not learn on that engine, or something else than a bundle
            lies in the folder.
        Refused: The data cannot bear the protocol.
    """
    check_place(folder)
    model = model_from_text(name, settings or {})
    chosen = Protocol(protocol, k=k) if protocol else None
    interactions = open_dataset(data).interactions(domains)
    with resuming(resume):
        report = None if chosen is None else evaluate({name: model}, interactions, chosen, progress=progress).to_dict()
    if engine == "polars" and not master:
        with watching(progress), resuming(resume):
            return train_on(name, model, interactions, folder, evaluation=report)
    if not isinstance(model, FitsOnEngine):
        raise InvalidInput(f"--engine {engine}: expected a model that learns on it (als), got '{name}'")
    taken = stopwatch()
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.absolute().parent) as place,
        closing(open_engine(engine, Path(place), master=master)) as runs,
    ):
        model.fit_on(interactions, runs, Path(place))
    chain = as_served(name, model)
    for member in chain.members[1:] if isinstance(chain, Fallback) else ():
        member.fit(interactions)
    return _saved(name, model, chain, interactions, folder, seconds=taken(), evaluation=report, engine=engine)


def train_on(
    name: str,
    model: Recommender,
    interactions: Interactions,
    folder: Path,
    *,
    evaluation: Mapping[str, Any] | None = None,
) -> Bundle:
    """Fit a model on all interactions, with popularity behind it, and save both with a card."""
    taken = stopwatch()
    chain = as_served(name, model).fit(interactions)
    return _saved(name, model, chain, interactions, folder, seconds=taken(), evaluation=evaluation)


def update_bundle(folder: Path, data: Path, out: Path, *, progress: Progress | None = None) -> Bundle:
    """Let a bundle learn the interactions of a data set beside those that it knows, and save what it has become.

    Args:
        folder: The bundle.
        data: Folder of a data set with what is new.
        out: Where the new bundle goes; may be the same folder.
        progress: Told of epochs.

    Raises:
        NotFound: No such bundle or data set.
        InvalidInput: The model does not learn what is new, the ids are of another kind, or something else than a
            bundle lies in the folder.
    """
    check_place(out)
    bundle, taken = open_bundle(folder), stopwatch()
    if not isinstance(bundle.model, Updates):
        raise InvalidInput(
            f"update: expected a model that learns what is new (popularity, item_knn, user_knn, ease, "
            f"slim, als, rp3beta, gf_cf, markov), got '{bundle.card.model}'; train it anew on everything"
        )
    new = open_dataset(data).interactions()
    with watching(progress):
        bundle.model.update(new)
    seen = bundle.model.histories_
    counts = {"rows": len(seen.acts.items), "users": len(seen), "items": len(bundle.model.catalogue_)}
    both = hashlib.sha256(f"{bundle.card.data_hash} {new.fingerprint}".encode()).hexdigest()
    card = dataclasses.replace(
        bundle.card,
        trained_at=now(),
        data_hash=both,
        data={**bundle.card.data, **counts, "domains": bundle.model.catalogue_.domain_names},
        fit_seconds=taken(),
        crossrec=__version__,
        evaluation={"protocol": None, "note": "updated with new interactions, not evaluated since"},
    )
    write_bundle(bundle.model, card, out)
    return open_bundle(out)


def _saved(
    name: str,
    model: Recommender,
    chain: Recommender,
    interactions: Interactions,
    folder: Path,
    *,
    seconds: float,
    evaluation: Mapping[str, Any] | None,
    engine: str = "",
) -> Bundle:
    """Save a fitted model and what stands behind it, with a card."""
    settings = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}  # type: ignore[arg-type]
    counts = {
        "rows": len(interactions),
        "users": len(interactions.user_ids),
        "items": len(interactions.catalogue),
        "domains": interactions.catalogue.domain_names,
    } | ({"engine": engine} if engine else {})
    told = name, settings, now(), interactions.fingerprint, counts, seconds, __version__, evaluation or _NOT_EVALUATED
    card = Card(*told, decided=[str(choice) for choice in getattr(model, "choices", ())])
    write_bundle(chain, card, folder)
    return open_bundle(folder)


def serve_bundle(folder: Path, settings: Settings, *, quiet: bool = False) -> None:
    """Serve a bundle until the process is told to stop.

    Args:
        folder: The bundle.
        settings: Where to listen, and what to remember.
        quiet: Log warnings and errors only.

    Raises:
        Refused: The address is not loopback and there is no API key.
        NotFound: There is no bundle in the folder.
        InvalidInput: The port is none.
        Unavailable: The event log cannot be opened, or the address is taken.
        MissingExtra: The extra "server" is not installed.
    """
    app = build_server(folder, settings)
    import structlog
    import uvicorn

    _log_to_stderr(logging.WARNING if quiet else logging.INFO)
    with _listening(settings.server.host, settings.server.port) as opened:
        address = f"http://{settings.server.host}:{opened.getsockname()[1]}"
        structlog.get_logger("crossrec.serving").info(
            "serving", bundle=str(folder), address=address, docs=f"{address}/docs"
        )
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[opened])


def _listening(host: str, port: int) -> socket.socket:
    """Take an address before anything says that it is served; port 0 takes a free one.

    Raises:
        InvalidInput: The port is none.
        Unavailable: The address is in use, or not of this machine.
    """
    if not 0 <= port <= 65_535:
        raise InvalidInput(f"port: expected 0 to 65535, got {port}")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise Unavailable(f"{host}:{port}: the server cannot listen there ({error})") from error


def build_server(folder: Path, settings: Settings) -> FastAPI:
    """Put a bundle, an event log and the settings together as an app; see `serve_bundle`."""
    try:
        from crossrec.serving.app import build_app
        from crossrec.serving.guard import check_exposure
        from crossrec.serving.service import Service
    except ModuleNotFoundError as error:
        raise MissingExtra(f"serve needs {error.name}: pip install 'crossrec[server]'") from error
    check_exposure(settings.server)
    bundle = open_bundle(folder)
    log = open_log(settings.server.events)
    path = getattr(log, "path", None)
    items = None if path is None else path.with_suffix(".items.json")
    return build_app(Service(bundle, log, settings.server, items, threads=settings.threads))


def _log_to_stderr(level: int) -> None:
    """Write one JSON line an event to stderr."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def as_served(name: str, model: Recommender) -> Recommender:
    """Put popularity behind a model that has no opinion on strangers, as it is served."""
    return Fallback((model, create(_FALLBACK)), (name, _FALLBACK)) if model.needs_history else model


def model_from_text(name: str, settings: Mapping[str, str]) -> Recommender:
    """Make a model with settings written as text, as the command line has them.

    Raises:
        NotFound: No such model.
        InvalidInput: No such setting, or its text is not of the setting's type.
    """
    kinds = typing.get_type_hints(MODELS.load(name))
    return create(name, **{key: from_text(key, text, kinds.get(key, str)) for key, text in settings.items()})


def split_settings(names: Sequence[str], pairs: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Give each model its own settings: `ease.l2=50` goes to ease, `seed=1` to all.

    Raises:
        InvalidInput: The part before the dot is none of the models.
    """
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for key, text in pairs.items():
        model, dot, setting = key.rpartition(".")
        if dot and model not in found:
            raise InvalidInput(f"--set {key}: expected one of the models {', '.join(names)} before the dot")
        for name in [model] if dot else names:
            found[name][setting] = text
    return found
