"""Write docs/benchmarks.md from the figures in benchmarks/results.

python scripts/make_benchmarks_page.py
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
HEAD = """# Benchmarks

Every table here is written by `python scripts/make_benchmarks_page.py` from the files in `benchmarks/results/`, which
the scripts named beside it write. Speed is a ratio of both sides measured in turn in one run on one machine (two cores,
AMD EPYC); above 1 we are faster. Where the machine was busy the file's `load` says so.
"""


SCRIPT_OF = {
    "quality_content_films": "a0a75d2",
    "quality_content_readings": "209a8dd",
    "quality_sequence_transfer": "ef8a206",
    "quality_svd_pp_ml100k": "eb7cb31",
    "quality_ties_ciao": "2ceef67",
    "quality_ties_lastfm": "2ceef67",
}
"""Figures of a script that was committed after it ran: the commit that has it."""
MOVED_TO = {
    "499dfc1": "2ceef67",
    "625b87a": "69db8a8",
    "6c81f68": "aeed1e2",
    "7a23fc6": "b9c370c",
    "8dc3cac": "8e2bb2c",
}
"""Commits that a rebase replaced before they landed, and what they are called now."""
LANDED = {
    "evaluation": "41a8909",
    "import_json": "1690701",
    "installable": "f2d3a86",
    "simulate": "90db845",
}
"""Figures whose file names no commit: the one that brought them."""


def read(name: str) -> Any:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def table(columns: list[str], rows: list[list[Any]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def speed() -> list[str]:
    parts = ["## Speed"]
    if found := read("als"):
        rows = [
            [f"{one['interactions']:,}", one["factors"], f"{one['seconds']['ours']:.3f}"]
            + [f"{one['seconds']['implicit']:.3f}", f"{one['ratio']:.2f}", f"{one['ratio_equal_steps']:.2f}"]
            + [one["bar"], f"{one['loss_gap']:.2%}"]
            for one in found["runs"]
        ]
        head = [
            "interactions",
            "factors",
            "ours, s/iteration",
            "implicit 0.7.3",
            "ratio",
            "ratio with equal steps",
            "bar",
        ]
        head.append("difference in loss")
        parts += ["`als`: `python benchmarks/als.py`", table(head, rows)]
    if found := read("bpr"):
        rows = [
            [one["data"], one["factors"], f"{one['seconds']['ours']:.3f}", f"{one['seconds']['implicit']:.3f}"]
            + [f"{one['ratio']:.2f}"]
            + [f"{one['quality'][side][key]:.4f}" for key in ("auc", "ndcg@10") for side in ("ours", "implicit")]
            for one in found["runs"]
        ]
        head = ["data", "factors", "ours, s/epoch", "implicit 0.7.3", "ratio", "AUC, ours", "implicit"]
        head += ["NDCG@10, ours", "implicit"]
        parts += ["`bpr`, two threads each: `python benchmarks/bpr.py`", table(head, rows)]
    if found := read("item_knn"):
        rows = [
            [f"{one['items']:,}", f"{one['interactions']:,}", one["similarity"], f"{one['seconds']['ours']:.2f}"]
            + [f"{one['seconds']['implicit']:.2f}", f"{one['ratio']:.2f}", one["bar"]]
            for one in found["runs"]
        ]
        head = ["items", "interactions", "similarity", "ours, s", "implicit 0.7.3, s", "ratio", "bar"]
        parts += ["`item_knn`, 100 neighbours, whole fit: `python benchmarks/item_knn.py`", table(head, rows)]
    if found := read("ease"):
        seconds = found["seconds"]
        row = [f"{found['items']:,}", f"{seconds['float32 Cholesky']:.1f}", f"{seconds['numpy inv']:.1f}"]
        row += [f"{found['ratio']:.1f}", found["bar"], f"{found['places_differing']:.2%}"]
        head = ["items", "float32 Cholesky, s", "numpy.linalg.inv float64, s", "ratio", "bar", "places that differ"]
        parts += ["`ease`: `python benchmarks/ease.py`", table(head, [row])]
    return parts


def evaluation() -> list[str]:
    parts: list[str] = []
    if found := read("evaluation"):
        rows = [
            [run["model"], name, f"{one['seconds']:.4f}", f"{one['rectools_seconds']:.4f}", f"{one['ratio']:.1f}"]
            for run in found["runs"]
            for name, one in run["times"].items()
        ]
        text = (
            "Evaluation of ML-1M's 6,040 users, 8 metrics, against RecTools 0.19 `calc_metrics` on the same lists: "
            "`python benchmarks/evaluation.py`. The bar is 5 for the metrics of given lists. A whole evaluation also scores "
            "and ranks 20 million cells, which RecTools' figure does not contain."
        )
        parts += [text, table(["model", "what", "ours, s", "RecTools, s", "ratio"], rows)]
    return parts


def peers() -> list[str]:
    parts: list[str] = []
    if found := read("lists"):
        rows = [
            [one["model"], f"{one['interactions']:,}", one["factors"], f"{one['users'] / one['seconds']:,.0f}"]
            + [f"{one['users'] / one['implicit_seconds']:,.0f}", f"{one['ratio']:.2f}"]
            for one in found["rows"]
        ]
        text = (
            "Lists of 10 for all users, each folded in from its history, against `implicit`'s ALS with its users' vectors "
            f"at hand, on {found['machine']['cores']} of two cores, beside other work: `python benchmarks/lists.py` (bar 1)"
        )
        parts += [text, table(["model", "interactions", "factors", "lists/s", "implicit 0.7.3", "ratio"], rows)]
    if found := read("full_ranking"):
        rows = [
            [run["data"], run.get("clock", "wall"), f"{statistics.median(run['crossrec']['seconds']):.2f}"]
            + [f"{run['crossrec']['peak_mb']:,.0f}"]
            + [
                cell
                for peer in ("recbole", "rectools")
                for cell in (f"{statistics.median(run[peer]['seconds']):.2f}", f"{run[peer]['ratio']:.1f}")
            ]
            for run in found["runs"]
        ]
        text = (
            "A whole evaluation by full ranking, 64 factors, five metrics at 10: `python benchmarks/full_ranking.py` (bars: 5 "
            "over RecBole, 3 over RecTools). On ml-1m two fifths of our time solve the persons' vectors from their long "
            "histories, which RecTools has at hand, and a sixth is what only our report has (hash of the split, leakage, "
            "parts of the questions): there the bar over RecTools is not quite reached. A training "
            "of low priority ran beside this run and that of the lists above."
        )
        head = ["data", "clock", "ours, s", "peak MB", "RecBole 1.2.1, s", "ratio", "RecTools 0.19, s", "ratio"]
        parts += [text, table(head, rows)]
    return parts + networks() + installable()


def networks() -> list[str]:
    parts: list[str] = []
    found = read("networks") or {}
    if rows := found.get("epochs"):
        lines = [
            [row["model"], f"{row['acts']:,}", f"{row['seconds']:.1f}", peer, f"{row[peer]['seconds']:.1f}"]
            + [f"{row[peer]['ratio']:.1f}"]
            for row in rows
            for peer in row
            if peer.startswith("rec")
        ]
        text = "An epoch of a network, every act predicted once: `python benchmarks/networks.py --parts epochs`"
        parts += [text, table(["model", "acts", "ours, s", "peer", "its epoch, s", "ratio"], lines)]
    if race := found.get("goal"):
        ends = {side: race[side][-1] for side in ("crossrec", "rectools")}
        reached = "reached it" if race["reached"] else f"stood at {ends['rectools']['ndcg@10']:.4f} when it was stopped"
        parts.append(
            f"SASRec on Beauty, training until NDCG@10 of the validation acts is {race['goal']:.3f}: "
            f"{ends['crossrec']['seconds']:.0f} s here; RecTools {reached} after {ends['rectools']['seconds']:.0f} s, "
            f"{race['ratio']:.1f} times as long (bar 15): `python benchmarks/networks.py --parts goal`"
        )
    return parts


def installable() -> list[str]:
    found = read("installable")
    if found is None:
        return []
    rows = [
        [name, one.get("version", ""), f"`{one['error']}`" if "error" in one else ""]
        for name, one in found["peers"].items()
    ]
    text = f"Which peers install on Python {found['python']}: `python benchmarks/peers/installable.py`"
    return [text, table(["peer", "version", "what pip says"], rows)]


MISSED = {
    "import_csv": (
        "Two over pandas is missed. Most of our processor time goes into ids as text, which pandas' way leaves as codes "
        "with a table beside them; hash, checks, months and repeats are the rest. Tried, and no faster: Enum columns with "
        "a dictionary a part, Arrow's writer from codes (0.31 s of processor time for 1 M rows, Polars 0.24), row groups "
        "of 8 k to 1 M, one, three or four writers, huge pages. Looking ids up instead of writing each anew took the "
        "processor time from 12.5 to 10.9 s, and the wall time from 6.9 to 6.1 to 6.5 s. Of that, 6.7 s are Parquet: of "
        "a million rows both ids take 38 ms each, times 27, positions 21, the domain's name 18, the other five 31. Half of "
        "pandas' time on two cores leaves 9 s for all. Runs differ: an earlier one had 1.54 over pandas and 1.26 for the "
        "same columns."
    ),
    "import_json": (
        "One and a half times the faster is missed by a hair or met, from run to run (1.47 to 1.68 by now). What is left "
        "is a second to load libraries and kernels, unpacking (1.6 s of processor time), the hash (0.4), one pass over "
        "every byte that checks all of it, and writing ids as text by month, which the rivals do not do."
    ),
    "transfer": (
        "The bar for a fit is met at 6,000 items a domain or nearly, and missed below. Whatever its controls are, a gate "
        "takes 45 to 65 ms of a processor for each domain beside them: evidence, 1,600 questions with 21 weightings each, "
        "their intervals, and two fits of neighbours. That is many times a control that takes 10 ms. `ease` then learns "
        "the persons set apart, which is an eighth of the operations of a fit at 3,000 items and passes over its matrix "
        "three times more; with fresh memory for it that is a third of a fit here, and a quarter at 6,000. With times, "
        "nearly everybody did something in the days that are held out, so that every part is fitted twice, which no "
        "update undercuts. Fewer questions would cost less, and tell less. Working the answers of the persons set apart "
        "out from one fit of all rows would take as many operations as the update does. The bar for an answer is missed "
        "by 0.03 to 0.07 ms: beside the control, which is asked as it is, the gate looks up the group of the history."
    ),
}
"""Why a bar is missed, where it is."""


def missed(name: str, is_missed: bool) -> list[str]:
    return [MISSED[name]] if is_missed else []


def runs(found: Any) -> str:
    rows = [[name, f"{one['seconds']:.1f}", f"{one['peak_bytes'] / 1e6:,.0f}"] for name, one in found["runs"].items()]
    return table(["what", "seconds", "peak MB"], rows)


def imports() -> list[str]:
    parts = ["## Data"]
    if found := read("import_csv"):
        ratios = found["ratios"]
        over = ", ".join(f"{ratios[name]:.2f} ({name})" for name in ("by month", "same columns", "4 columns"))
        text = (
            f"Import of a MovieLens CSV of {found['rows']:,} rows with hash, checks, duplicates, counts and manifest, to "
            "parts by month: `python benchmarks/import_csv.py`. Polars and DuckDB write the same columns as parts by month, "
            f"in one file, or the file's own four columns. Our time over that of the faster: {over}; pandas' read_csv, "
            f"factorize, to_parquet over ours: {ratios['pandas']:.2f}. Bars: 1.3 of the same work, 2 over pandas, 1.5 GB."
        )
        parts += [text, runs(found), *missed("import_csv", ratios["pandas"] < 2)]
    if found := read("import_json"):
        ratios, curve = found["ratios"], found["curve"]
        text = (
            f"Import of {found['rows']:,} gzipped Amazon-2023-shaped reviews: `python benchmarks/import_json.py`. The rivals "
            f"read the same seven values into one Parquet file. Our time over that of the faster: "
            f"{ratios['over the faster']:.2f} (bar 1.5); pandas' over ours: {ratios['pandas over ours']:.1f} (bar 6). Runs "
            "differ: another of the same day had 1.43, those before gzip was read faster 1.47 to 1.68. Memory grows with the ids, not with the rows: "
            "a fourth of the reviews are by somebody new, whose id takes some 150 bytes until all are written."
        )
        grown = [
            [f"{int(rows):,}", f"{one['seconds']:.1f}", f"{one['peak_bytes'] / 1e6:,.0f}"]
            for rows, one in curve.items()
        ]
        parts += [text, runs(found), *missed("import_json", ratios["over the faster"] > 1.5)]
        parts += [table(["reviews", "seconds", "peak MB"], grown)] if grown else []
    if found := read("csr"):
        rows = [
            [case, f"{one['seconds']['crossrec']:.2f}", f"{one['seconds']['scipy']:.2f}", f"{one['ratio']:.2f}"]
            for case, one in found["cases"].items()
        ]
        text = f"{found['rows']:,} interactions to CSR: `python benchmarks/csr.py` (bar: 3 s, or 1.5 of scipy's time)"
        parts += [text, table(["rows stand", "ours, s", "scipy alone, s", "ours over scipy's"], rows)]
    parts.append("Spark beside one machine: [spark.md](spark.md).")
    return parts


def gates() -> list[str]:
    if not (found := read("transfer")):
        return []
    ran = found["machine"]
    text = (
        "What a gate costs beside its controls, 2,000 persons in each domain, everybody in two: "
        f"`{ran['command']}` on commit `{ran['commit']}`, load {ran['load']} on {ran['cores']} cores. Fits are seconds of "
        "the processor, the middle of several; an answer is the middle of 300 of one person in a domain that they have "
        "acts in, beside that of this domain's control with popularity behind it. Bars: 1.3 for a fit, 1.2 for an answer."
    )
    columns = ["items of a domain", "domains", "rows", "controls", "fit of all controls, s", "fit of the gate, s"]
    columns += ["times as long", "with times", "answer of a control, ms", "answer of the gate, ms", "times as long"]
    columns += ["page of all domains, ms", "groups open"]
    rows = [
        [f"{one['items']:,}", one["domains"], f"{one['rows']:,}", f"`{one['control']}`"]
        + [f"{one['controls_fit_seconds']:.2f}", f"{one['gated_fit_seconds']:.2f}"]
        + [f"{one['fit_ratio']:.2f}", f"{one['timed_fit_ratio']:.2f}"]
        + [f"{one['control_answer_ms']:.2f}", f"{one['gated_answer_ms']:.2f}"]
        + [f"{one['gated_answer_ms'] / one['control_answer_ms']:.2f}"]
        + [f"{one['page_answer_ms']:.2f}", f"{one['open']} of {one['groups']}"]
        for one in found["runs"]
    ]
    return [text, table(columns, rows), MISSED["transfer"]]


def between_marks(page: str, mark: str, parts: list[str]) -> str:
    """Replace what stands in a page between `<!-- mark -->` and `<!-- /mark -->`."""
    before, rest = page.split(f"<!-- {mark} -->", 1)
    _, after = rest.split(f"<!-- /{mark} -->", 1)
    return f"{before}<!-- {mark} -->\n\n" + "\n\n".join(parts) + f"\n\n<!-- /{mark} -->{after}"


def quality() -> list[str]:
    parts = ["## Quality", "Settings are chosen on validation rows only; test is asked once a model."]
    for model, data in (("svd", "ml-100k"), ("svd_pp", "ml-100k"), ("svd", "ml-1m"), ("svd_pp", "ml-1m")):
        if found := read(f"quality_{model}_{data.replace('-', '')}"):
            rows = [[one["fold"], one["settings"]["factors"], f"{one['rmse']:.4f}"] for one in found["folds"]]
            rows.append(["mean", "", f"**{found['mean_rmse']:.4f}** (bar {found['bar']})"])
            parts += [f"`{model}`, {data}, published folds: `python benchmarks/quality/ratings.py {model} {data}`"]
            parts += [table(["fold", "factors", "test RMSE"], rows)]
    for name, title in (
        (
            "quality_beauty",
            "Beauty (S3-Rec's file), leave-last-out, full ranking: `python benchmarks/quality/beauty.py`",
        ),
        (
            "quality_ncf_protocol",
            "ml-1m as in NCF, the last act among 99 drawn items, then in all: `python benchmarks/quality/ncf_protocol.py`",
        ),
        ("quality_gowalla", "Gowalla (LightGCN's split), full ranking: `python benchmarks/quality/gowalla.py`"),
    ):
        if found := read(name):
            models = found["models"]
            metrics = list(next(iter(models.values()))["metrics"])
            rows = [
                [model, ", ".join(f"{key} {value}" for key, value in one["settings"].items())]
                + [f"{one['metrics'][key]['value']:.4f}" for key in metrics]
                + [found.get("bars", {}).get(model, "")]
                for model, one in models.items()
            ]
            parts += [title, table(["model", "settings", *metrics, "bar"], rows)]
    if found := read("quality_sequences"):
        parts += sequences(found)
    if found := read("quality_new_users"):
        shown = list(next(iter(found["models"].values()))["means"])
        rows = [
            [model, ", ".join(f"{key} {value}" for key, value in one["settings"].items())]
            + [f"{one['means'][key]:.4f} ({spread(one['splits'], key)})" for key in shown]
            for model, one in found["models"].items()
        ]
        text = (
            "ml-1m, ratings from 4, `new-users` with 600 validation and 1,200 test persons: "
            "`python benchmarks/quality/new_users.py`. Means of three splits, and the 95 % interval over the persons of the "
            "first; settings are chosen on the validation persons of the first"
        )
        parts += [text, table(["model", "settings", *shown], rows)]
    if found := read("quality_one_budget"):
        parts += one_budget(found)
    return parts


def sequences(found: dict[str, Any]) -> list[str]:
    rows = [
        [*name.split(), ", ".join(f"{key} {value}" for key, value in one["settings"].items()), str(len(one["seeds"]))]
        + [" ± ".join(f"{value:.4f}" for value in over_seeds(one["seeds"], key)) for key in one["means"]]
        + [f"{longest:,.0f}" if (longest := max(seed["fit_seconds"] or 0 for seed in one["seeds"].values())) else ""]
        for name, one in found["runs"].items()
    ]
    shown = list(next(iter(found["runs"].values()))["means"])
    text = (
        "Order, leave-last-out, full ranking, the epoch chosen on validation, test asked once a seed: "
        "`python benchmarks/quality/sequences.py --data DATA --model MODEL --seeds 0,1,2 --settings JSON`. Mean ± deviation over seeds; "
        "the seconds are of one thread beside other work. While the recipe was looked for, Beauty's test figures stood beside "
        "those of validation; what was kept was chosen by the latter"
    )
    return [text, table(["data", "model", "settings", "seeds", *shown, "longest fit, s"], rows)]


def over_seeds(seeds: dict[str, Any], metric: str) -> list[float]:
    values = [one["metrics"][metric]["value"] for one in seeds.values()]
    return [statistics.mean(values), *([statistics.stdev(values)] if len(values) > 1 else [])]


def one_budget(found: dict[str, Any]) -> list[str]:
    stood = [one for one in found["models"] if "metrics" in one]
    shown = list(stood[0]["metrics"])
    rows = [
        [
            one["model"],
            ", ".join(
                f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                for key, value in one["settings"].items()
            ),
        ]
        + [str(one["trials"]), *(f"{one['metrics'][key]['value']:.4f} ({spread([one], key)})" for key in shown)]
        + [
            ""
            if (gap := one["to_best"]) is None
            else f"{gap['value']:+.4f} ({gap['low']:+.4f} to {gap['high']:+.4f}), p {gap['p_holm']:.3g}"
        ]
        for one in stood
    ]
    text = (
        f"The same data and persons, one split, every model searched for {found['minutes']:g} minutes on the validation persons "
        "and nothing else on the machine; a network fits a few times in them, a closed form hundreds of times. An earlier run "
        "with 4 minutes asked the same test persons. All trials are in `benchmarks/results/tuned_new_users_*.json`; the last "
        "column is the paired difference to the best, p corrected by Holm. `python benchmarks/quality/one_budget.py --models "
        "mult_vae,item_knn,ease,als --minutes 6`"
    )
    return [text, table(["model", "settings", "trials", *shown, "to the best"], rows)]


def origins() -> list[str]:
    rows = [
        [f"`{name}`", ", ".join(parts), f"`{command}`" if command else "", commit]
        for name in sorted(path.stem for path in RESULTS.glob("*.json") if not path.stem.startswith("tuned_"))
        for (command, commit), parts in ran(name).items()
    ]
    text = (
        "A commit is the last one before the run. Where the script, or the part of it that ran, was committed with its "
        "figures, or a rebase has given the commit another name, that stands behind it. Commands of files without a "
        "commit are those above."
    )
    return ["## Where the figures are from", text, table(["file", "of", "command", "commit"], rows)]


def ran(name: str) -> dict[tuple[str, str], list[str]]:
    """Return (command, commit) -> the parts of a file that it made."""
    found, ran = read(name), {}
    if name in LANDED and "commit" not in found.get("machine", {}):
        return {("", f"not kept; landed with `{LANDED[name]}`"): []}
    for part, one in [("", found), ("", found.get("machine")), *parts_of(found)]:
        if isinstance(one, dict) and "commit" in one:
            commit = one["commit"]
            told = f"`{commit}`"
            told += f", now `{MOVED_TO[commit]}`" if commit in MOVED_TO else ""
            told += f", script of `{SCRIPT_OF[name]}`" if name in SCRIPT_OF else ""
            ran.setdefault((one["command"], told), []).extend([part] if part else [])
    return ran


def parts_of(found: Any) -> list[tuple[str, Any]]:
    return [
        (name, one)
        for key in ("models", "runs")
        if isinstance(found.get(key), dict)
        for name, one in found[key].items()
    ]


def spread(splits: list[Any], metric: str) -> str:
    first = splits[0]["metrics"][metric]
    return f"{first['low']:.4f} to {first['high']:.4f}"


if __name__ == "__main__":
    page = "\n\n".join([HEAD.rstrip(), *speed(), *evaluation(), *peers(), *imports(), *quality(), *origins()]) + "\n"
    (ROOT / "docs" / "benchmarks.md").write_text(page, encoding="utf-8")
    transfer = ROOT / "docs" / "transfer.md"
    told = transfer.read_text(encoding="utf-8")
    transfer.write_text(between_marks(told, "what a gate costs", gates()), encoding="utf-8")
