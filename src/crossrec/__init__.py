"""RecSys Intelligence: one recommendation engine that learns across domains and proves it.

>>> import crossrec
>>> import polars as pl
>>> rows = {"user_id": ["ann", "ann", "bob"], "item_id": ["tea", "jam", "tea"]}
>>> data = crossrec.Interactions.from_frame(pl.DataFrame(rows))
>>> crossrec.EASE(l2=1.0).fit(data).recommend(["bob"], k=1).ids()
[['jam']]
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Nothing is imported before it is asked for: `import crossrec` stays fast and light.
_HOMES = {
    "Act": "core.query",
    "CrossrecError": "core.errors",
    "Event": "core.event",
    "Interactions": "core.interactions",
    "Queries": "core.query",
    "Query": "core.query",
    "Recommendations": "core.recommendations",
    "Protocol": "evaluation.protocol",
    "compare": "evaluation.comparing.compare",
    "evaluate": "evaluation.evaluate",
    "tune": "evaluation.tuning.tune",
    "open_dataset": "data.dataset",
    "AdaptedSASRec": "models.transfer.adapted_sasrec",
    "ALS": "models.classic.als",
    "BPR": "models.classic.bpr",
    "EASE": "models.classic.ease",
    "Fallback": "models.fallback",
    "ItemKNN": "models.classic.item_knn",
    "Popularity": "models.classic.popularity",
    "SLIM": "models.classic.slim",
    "SVD": "models.classic.svd",
    "SVDpp": "models.classic.svd_pp",
    "UserKNN": "models.classic.user_knn",
    "BiTGCF": "models.transfer.bitgcf",
    "CMF": "models.transfer.cmf",
    "DomainEASE": "models.transfer.domain_ease",
    "DomainSASRec": "models.transfer.domain_sasrec",
    "EMCDR": "models.transfer.emcdr",
    "GFCF": "models.graph.gf_cf",
    "LightGCN": "models.graph.lightgcn",
    "NCF": "models.neural.ncf",
    "XSimGCL": "models.graph.xsimgcl",
    "RecVAE": "models.neural.recvae",
    "MultVAE": "models.neural.mult_vae",
    "BERT4Rec": "models.sequence.bert4rec",
    "BSARec": "models.sequence.bsarec",
    "Gated": "models.transfer.gated",
    "MultiTask": "models.transfer.multi_task",
    "PTUPCDR": "models.transfer.ptupcdr",
    "RatedEMCDR": "models.transfer.rated_emcdr",
    "RatedPTUPCDR": "models.transfer.rated_ptupcdr",
    "TextBridge": "models.transfer.text_bridge",
    "Markov": "models.sequence.markov",
    "SASRec": "models.sequence.sasrec",
    "RP3beta": "models.graph.rp3beta",
    "create": "models.recommender",
    "load": "models.storage",
}

if TYPE_CHECKING:
    from crossrec.core.errors import CrossrecError
    from crossrec.core.event import Event
    from crossrec.core.interactions import Interactions
    from crossrec.core.query import Act, Queries, Query
    from crossrec.core.recommendations import Recommendations
    from crossrec.data.dataset import open_dataset
    from crossrec.evaluation.comparing.compare import compare
    from crossrec.evaluation.evaluate import evaluate
    from crossrec.evaluation.protocol import Protocol
    from crossrec.evaluation.tuning.tune import tune
    from crossrec.models.classic.als import ALS
    from crossrec.models.classic.bpr import BPR
    from crossrec.models.classic.ease import EASE
    from crossrec.models.classic.item_knn import ItemKNN
    from crossrec.models.classic.popularity import Popularity
    from crossrec.models.classic.slim import SLIM
    from crossrec.models.classic.svd import SVD
    from crossrec.models.classic.svd_pp import SVDpp
    from crossrec.models.classic.user_knn import UserKNN
    from crossrec.models.fallback import Fallback
    from crossrec.models.graph.gf_cf import GFCF
    from crossrec.models.graph.lightgcn import LightGCN
    from crossrec.models.graph.rp3beta import RP3beta
    from crossrec.models.graph.xsimgcl import XSimGCL
    from crossrec.models.neural.mult_vae import MultVAE
    from crossrec.models.neural.ncf import NCF
    from crossrec.models.neural.recvae import RecVAE
    from crossrec.models.recommender import create
    from crossrec.models.sequence.bert4rec import BERT4Rec
    from crossrec.models.sequence.bsarec import BSARec
    from crossrec.models.sequence.markov import Markov
    from crossrec.models.sequence.sasrec import SASRec
    from crossrec.models.storage import load
    from crossrec.models.transfer.adapted_sasrec import AdaptedSASRec
    from crossrec.models.transfer.bitgcf import BiTGCF
    from crossrec.models.transfer.cmf import CMF
    from crossrec.models.transfer.domain_ease import DomainEASE
    from crossrec.models.transfer.domain_sasrec import DomainSASRec
    from crossrec.models.transfer.emcdr import EMCDR
    from crossrec.models.transfer.gated import Gated
    from crossrec.models.transfer.multi_task import MultiTask
    from crossrec.models.transfer.ptupcdr import PTUPCDR
    from crossrec.models.transfer.rated_emcdr import RatedEMCDR
    from crossrec.models.transfer.rated_ptupcdr import RatedPTUPCDR
    from crossrec.models.transfer.text_bridge import TextBridge

__all__ = [
    "ALS",
    "BPR",
    "CMF",
    "EASE",
    "EMCDR",
    "GFCF",
    "NCF",
    "PTUPCDR",
    "SLIM",
    "SVD",
    "Act",
    "AdaptedSASRec",
    "BERT4Rec",
    "BSARec",
    "BiTGCF",
    "CrossrecError",
    "DomainEASE",
    "DomainSASRec",
    "Event",
    "Fallback",
    "Gated",
    "Interactions",
    "ItemKNN",
    "LightGCN",
    "Markov",
    "MultVAE",
    "MultiTask",
    "Popularity",
    "Protocol",
    "Queries",
    "Query",
    "RP3beta",
    "RatedEMCDR",
    "RatedPTUPCDR",
    "RecVAE",
    "Recommendations",
    "SASRec",
    "SVDpp",
    "TextBridge",
    "UserKNN",
    "XSimGCL",
    "compare",
    "create",
    "evaluate",
    "load",
    "open_dataset",
    "tune",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'crossrec' has no attribute '{name}'")
    try:
        value = getattr(importlib.import_module(f"crossrec.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        from crossrec.core.shelf import missing

        raise missing(name, error) from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
