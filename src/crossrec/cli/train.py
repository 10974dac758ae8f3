"""crossrec train, update and export: bundles that can be served, and their networks for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from crossrec.cli.data.choices import DataFolder, EngineName, Master, ReadingMemory, chosen_domains, limited
from crossrec.cli.show import AsJson, advancing, check_file, needs_extra, out, parse_pairs, print_json
from crossrec.core.errors import InvalidInput, MissingExtra
from crossrec.core.settings import load_settings
from crossrec.evaluation.tuning.tuned import read_settings
from crossrec.models.fallback import Fallback
from crossrec.models.machine import use_threads
from crossrec.tracking.bundle import Bundle, open_bundle
from crossrec.tracking.remote import bundle_folder, outgoing_bundle
from crossrec.wiring import train_bundle, update_bundle

__all__ = ["export", "train", "update"]


def train(
    model: Annotated[str, typer.Argument(help="Name of the model: ease, als, item_knn, …")],
    data: DataFolder,
    out_folder: Annotated[
        str, typer.Option("--out", help="Folder for the bundle; replaced if it is there. May be s3://, gs:// or az://.")
    ],
    domains: Annotated[str, typer.Option(help="Learn from these domains only: films,books")] = "",
    setting: Annotated[list[str] | None, typer.Option("--set", help="A setting of the model: l2=50. Repeat.")] = None,
    file: Annotated[
        Path | None, typer.Option("--settings", help="Settings that `crossrec tune` found, or JSON.")
    ] = None,
    protocol: Annotated[str, typer.Option(help="Evaluate by this protocol first and keep the report.")] = "",
    k: Annotated[int | None, typer.Option("-k", "--k", help="Length of the lists in that evaluation; 10.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Folder where a network's training keeps its state, and goes on from it.")
    ] = None,
    curve: Annotated[
        Path | None, typer.Option(help="Draw the learning curve of a network to this .svg, .png or .pdf.")
    ] = None,
    engine: EngineName = "polars",
    master: Master = "",
    memory: ReadingMemory = "",
    as_json: AsJson = False,
) -> None:
    """Fit a model on all of a data set, with popularity behind it for strangers, and save the bundle."""
    use_threads(load_settings().threads)
    settings = _from_file(model, file) | parse_pairs("--set", setting or [])
    if k is not None and not protocol:
        raise InvalidInput("-k: is the length of the lists in an evaluation, so it needs --protocol")
    if curve is not None:
        check_file("--curve", curve)
        with needs_extra("--curve"):
            import crossrec.models.training.curve  # noqa: F401 - asked before anything is trained
    chosen, k = chosen_domains(domains), 10 if k is None else k
    limit = limited(memory)
    with limit, advancing(f"training {model}") as progress, outgoing_bundle(out_folder) as folder:
        bundle = train_bundle(
            model,
            data,
            folder,
            domains=chosen,
            settings=settings,
            protocol=protocol,
            k=k,
            engine=engine,
            master=master,
            resume=resume,
            progress=progress,
        )
    if curve is not None:
        _draw(bundle, curve)
    if as_json:
        print_json({"folder": out_folder, "version": bundle.version, **vars(bundle.card)})
        return
    card = bundle.card
    out.print(
        f"trained {card.model} on {card.data['rows']:,} interactions of {card.data['users']:,} users "
        f"with {card.data['items']:,} items in {card.fit_seconds:.1f} s"
    )
    for words in card.decided:
        out.print(words)
    out.print(f"saved {out_folder}, version {bundle.version}")


def _from_file(model: str, file: Path | None) -> dict[str, str]:
    """Return the settings that a file has for a model, as text."""
    if file is None:
        return {}
    found = read_settings(file).of
    if model not in found:
        raise InvalidInput(f"--settings: '{file}' has settings of {', '.join(found) or 'no model'}, none of {model}")
    return dict(found[model])


def update(
    model: Annotated[str, typer.Option(help="Folder of a bundle; may be s3://, gs:// or az://.")],
    data: Annotated[Path, typer.Option(help="Folder of a data set with what is new; may be s3://, gs:// or az://.")],
    out_folder: Annotated[
        str, typer.Option("--out", help="Folder for the new bundle; may be the same. May be s3://, gs:// or az://.")
    ],
    as_json: AsJson = False,
) -> None:
    """Let a bundle learn new interactions without training it anew; what it has learned must not be told again."""
    use_threads(load_settings().threads)
    with advancing("updating") as progress, outgoing_bundle(out_folder) as folder:
        bundle = update_bundle(bundle_folder(model), data, folder, progress=progress)
    if as_json:
        print_json({"folder": out_folder, "version": bundle.version, **vars(bundle.card)})
        return
    known = bundle.card.data
    out.print(f"{bundle.card.model} knows {known['rows']:,} interactions of {known['users']:,} users now")
    out.print(f"saved {out_folder}, version {bundle.version}")


def export(
    model: Annotated[str, typer.Option(help="Folder of a bundle; may be s3://, gs:// or az://.")],
    onnx: Annotated[Path, typer.Option(help="The .onnx file; replaced if it is there.")],
    as_json: AsJson = False,
) -> None:
    """Write the network of a bundle as ONNX; item ids stand in its metadata, in the order of the scores."""
    if onnx.suffix != ".onnx":
        raise InvalidInput(f"--onnx: expected a file that ends in .onnx, got '{onnx}'")
    bundle = open_bundle(bundle_folder(model))
    asked: Any = bundle.model.members[0] if isinstance(bundle.model, Fallback) else bundle.model
    if not hasattr(asked, "exported"):
        raise InvalidInput(f"--onnx: expected a model with a network (sasrec, mult_vae), got '{bundle.card.model}'")
    try:
        from crossrec.models.training.export import export_onnx
    except ModuleNotFoundError as error:
        raise MissingExtra(f"--onnx needs {error.name}: pip install 'crossrec[torch,onnx]'") from error
    export_onnx(asked, onnx)
    if as_json:
        print_json({"file": str(onnx), "model": bundle.card.model, "version": bundle.version})
        return
    out.print(f"wrote {bundle.card.model} with {len(asked.catalogue_):,} items to {onnx}")


def _draw(bundle: Bundle, path: Path) -> None:
    """Draw the curve of the model itself, not of what stands behind it."""
    model = bundle.model.members[0] if isinstance(bundle.model, Fallback) else bundle.model
    text = getattr(model, "curve_", None)
    if text is None:
        raise InvalidInput(f"--curve: expected a model that is trained in epochs (sasrec), got '{bundle.card.model}'")
    from crossrec.models.training.curve import draw_curve

    draw_curve(text, path)
