"""The port Recommender, FromScores, which is the default half of it, and the shelf of models."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, TypeVar, Unpack, runtime_checkable

import numpy as np

from crossrec.core.arrays import Bools, Codes
from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput, NotFitted, suggestion
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries, Query
from crossrec.core.recommendations import Recommendations, Scores, check_k
from crossrec.core.settings import from_text
from crossrec.core.shelf import Shelf
from crossrec.core.vocabulary import Id
from crossrec.models.histories import Histories
from crossrec.models.ranking import Masks, rank
from crossrec.models.space import Space

if TYPE_CHECKING:
    Model = TypeVar("Model", bound="FromScores")

__all__ = ["MODELS", "Asked", "FromScores", "Recommender", "as_queries", "create", "model_of"]

Asked: TypeAlias = "Queries | Query | Id | Sequence[Query | Id]"
"""Who is asking: a batch, a query, a user id known to the model, or a list of them."""


@runtime_checkable
class Recommender(Protocol):
    """Learns from interactions and ranks items for histories; owns no user table."""

    catalogue_: Catalogue
    histories_: Histories
    needs_history: ClassVar[bool]

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Recommender:
        """Learn from interactions, which are left alone, and return this model."""
        ...

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Score all items, or the candidates in their order, for each query."""
        ...

    def recommend(
        self,
        asked: Asked,
        k: int = 10,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[Id] | None = None,
        allowed: Bools | None = None,
        domain: str | None = None,
    ) -> Recommendations:
        """Return the best k items for each asker."""
        ...

    def save(self, folder: Path | str) -> None:
        """Write the model to a folder, whole or not at all."""
        ...


MODELS: Shelf[Recommender] = Shelf(
    "model",
    "crossrec.models.classic",
    "crossrec.models.graph",
    "crossrec.models.neural",
    "crossrec.models.sequence",
    "crossrec.models.transfer",
)


def create(name: str, **settings: Any) -> Recommender:
    """Make an unfitted model by its name on the shelf.

    Raises:
        NotFound: No such model; the message has the nearest.
        InvalidInput: A setting the model does not have.
    """
    kind = MODELS.load(name)
    known = [setting.name for setting in dataclasses.fields(kind)]  # type: ignore[arg-type]  # models are dataclasses
    for setting in settings:
        if setting not in known:
            raise InvalidInput(
                f"{name}: no setting called '{setting}'{suggestion(setting, known, listing='There are')}"
            )
    return kind(**settings)


def model_of(words: str) -> Recommender:
    """Make an unfitted model by its name and settings in one line of words: `als factors=32 alpha=5`.

    Raises:
        NotFound: No such model.
        InvalidInput: A word is no `setting=value`, the model has no such setting, or the value is not of its type.

    >>> model_of("ease l2=50")
    EASE(l2=50.0, keep=0)
    """
    name, *settings = words.split() or [""]
    pairs = [word.partition("=") for word in settings]
    for word, (_, equals, _) in zip(settings, pairs, strict=True):
        if not equals:
            raise InvalidInput(f"model: expected '{name} setting=value …', got '{word}'")
    kinds = typing.get_type_hints(MODELS.load(name))
    return create(name, **{key: from_text(key, value, kinds.get(key, str)) for key, _, value in pairs})


class FromScores:
    """Gives `recommend`, `save` and `load` to a dataclass that has `fit` and `score`.

    Settings are the dataclass's fields; learned state is every attribute that ends in `_`.
    `fit` ends with `return self.remember(train)`.
    """

    needs_history: ClassVar[bool] = True
    """False for a model that has an opinion for a stranger too."""
    exempt: ClassVar[Mapping[str, str]] = {}
    """Checks of `models/contract.py` this model cannot promise -> the reason; it must then fail them."""
    small: ClassVar[Mapping[str, Any]] = {}
    """Settings for data of some hundred rows, with which a network learns in a second what it can."""
    space: ClassVar[Space] = {}
    """Values of settings that `tune` tries; the defaults are among them."""
    catalogue_: Catalogue
    histories_: Histories
    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

        def fit(self, train: Interactions, *, validation: Interactions | None = None) -> FromScores:
            """Learn; the model writes this."""
            ...

        def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
            """Score; the model writes this."""
            ...

    def remember(self: Model, train: Interactions) -> Model:
        """Keep the catalogue and the histories of the training data, and return the model."""
        self.catalogue_, self.histories_ = train.catalogue, Histories.of(train)
        return self

    def aligned(self, queries: Queries) -> Queries:
        """Return the queries in this model's own item codes; refuse before `fit`."""
        return as_queries(self, queries)

    def candidate_codes(self, candidates: Sequence[Id] | None) -> Codes | None:
        """Return the codes of candidates, or None where all items are meant."""
        return None if candidates is None else self.catalogue_.codes_of(candidates)

    def recommend(
        self,
        asked: Asked,
        k: int = 10,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[Id] | None = None,
        allowed: Bools | None = None,
        domain: str | None = None,
    ) -> Recommendations:
        """Return the best k items for each asker, never one they have had unless told so.

        Args:
            asked: User ids known from training, queries that carry a history, or a batch.
            k: Length of the lists, >= 1; a list is shorter where too few items are left.
            exclude_seen: Leave out the items of the history.
            candidates: Rank only these items; ids the model does not know are passed over.
            allowed: Bool[I], the items that may be shown: in stock, of a category; None is all.
            domain: Recommend in this domain alone; None follows the query, or takes all.

        Raises:
            InvalidInput: k < 1.
            NotFound: No such domain.
            NotFitted: Before `fit` or `load`.
        """
        check_k(k)
        queries = as_queries(self, asked, domain)
        return self.ranked(queries, k, exclude_seen=exclude_seen, candidates=candidates, allowed=allowed)

    def ranked(self, queries: Queries, k: int, **masks: Unpack[Masks]) -> Recommendations:
        """Return the lists of queries on the model's own codes, by its scores; `Fallback` answers in another way."""
        return rank(self.score, queries, k, **masks)

    def save(self, folder: Path | str) -> None:
        """Write the model to a folder of JSON, npy and Parquet files, whole or not at all."""
        from crossrec.models.storage import save

        as_queries(self, [])
        save(self, Path(folder))

    @classmethod
    def load(cls: type[Model], folder: Path | str) -> Model:
        """Read a model that `save` wrote.

        Raises:
            NotFound: There is no model in the folder.
            CorruptBundle: It is damaged, of a newer version, or holds another kind of model.
        """
        from crossrec.models.storage import load_as

        return load_as(cls, Path(folder))


def as_queries(model: Recommender | FromScores, asked: Asked, domain: str | None = None) -> Queries:
    """Turn whatever is asked into a batch on the model's own codes.

    Args:
        model: A fitted model; its histories answer for user ids.
        asked: A batch, a query, a user id, or a list of queries or ids.
        domain: Where to recommend; None leaves it to the queries.
    """
    if not hasattr(model, "catalogue_"):
        raise NotFitted(f"{type(model).__name__} is not fitted yet; call fit(interactions) or load(folder) first")
    if isinstance(asked, Queries):
        batch = asked.on(model.catalogue_)
    else:
        many: list[Any] = list(asked) if isinstance(asked, Iterable) and not isinstance(asked, str) else [asked]
        queries = [one for one in many if isinstance(one, Query)]
        if queries and len(queries) < len(many):
            raise InvalidInput("recommend: expected all user ids or all queries, got a mix")
        batch = Queries.from_queries(queries, model.catalogue_) if queries else _of_users(model, many)
    return batch if domain is None else batch.to(domain)


def _of_users(model: Recommender | FromScores, users: list[Any]) -> Queries:
    """Look the histories of users up."""
    plain = [user.item() if isinstance(user, np.generic) else user for user in users]
    for user in plain:
        if isinstance(user, bool) or not isinstance(user, (str, int)):
            raise InvalidInput(f"recommend: expected user ids or queries, got {type(user).__name__}")
    return model.histories_.queries(plain)
