"""Time RecBole on interactions handed over as a file; runs in RecBole's environment, prints one JSON line at the end.

Arguments: "evaluate" or "epochs", the model, a folder `data` with `data.inter` (each person's last act is test, the one
before validation) or with `data.train.inter`, `data.valid.inter` and `data.test.inter`, settings as JSON, repeats.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import recbole
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed
from timing import clock_of


def config_of(model: str, folder: Path, settings: dict[str, object]) -> Config:
    """Have full ranking, and the split that the files stand for."""
    given = (folder / "data.train.inter").exists()
    columns = ["user_id", "item_id"] if given else ["user_id", "item_id", "timestamp"]
    plain: dict[str, object] = {
        "data_path": str(folder.parent),
        "load_col": {"inter": columns},
        "metrics": ["Recall", "NDCG", "MRR", "Hit", "Precision"],
        "valid_metric": "NDCG@10",
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
        "show_progress": False,
        "state": "ERROR",
        "use_gpu": False,
        "checkpoint_dir": str(folder.parent / "saved"),
    }
    if given:
        plain["benchmark_filename"] = ["train", "valid", "test"]
    return Config(model=model, dataset="data", config_dict=plain | settings)


def main(what: str, model: str, folder: str, settings: str, repeats: str) -> None:
    sys.argv = sys.argv[:1]  # it reads the command line itself
    clock = clock_of()
    config = config_of(model, Path(folder), json.loads(settings))
    init_seed(0, reproducibility=True)
    dataset = create_dataset(config)
    train, _, test = data_preparation(config, dataset)
    made = get_model(config["model"])(config, train.dataset).to(config["device"])
    trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, made)
    seconds, values, losses = [], {}, []
    if what == "evaluate":
        trainer._train_epoch(train, 0, show_progress=False)  # noqa: SLF001 - so that it has something to score with
    for run in range(int(repeats) + 1):
        start = clock()
        if what == "evaluate":
            values = dict(trainer.evaluate(test, load_best_model=False, show_progress=False))
        else:
            losses.append(float(trainer._train_epoch(train, run, show_progress=False)))  # noqa: SLF001
        seconds.append(clock() - start)
    answer = {
        "seconds": seconds[1:],
        "values": {name: float(value) for name, value in values.items()},
        "losses": losses,
        "samples": len(train.dataset),
        "threads": torch.get_num_threads(),
        "versions": {"recbole": recbole.__version__, "torch": torch.__version__, "python": platform.python_version()},
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
