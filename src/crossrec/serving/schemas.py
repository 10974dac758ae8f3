"""What goes over the wire, with the names of files: user_id, item_id, interaction_type, timestamp."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from crossrec.core.clock import now
from crossrec.core.event import MAX_CONTEXT_BYTES, MAX_ID_BYTES, Event, check_id, check_kind

__all__ = [
    "ActIn",
    "Answer",
    "AvailabilityIn",
    "EventIn",
    "EventsIn",
    "Failure",
    "ItemOut",
    "Question",
    "Receipt",
    "Taken",
]

_EARLIEST, _LEEWAY = 631_152_000_000, 86_400_000


def _id(value: str | int) -> str:
    return check_id("id", str(value))


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"expected text or an integer, got {value}")
    return value


def _time(value: int) -> int:
    if not _EARLIEST <= value <= now() + _LEEWAY:
        hint = "; it looks like seconds" if _EARLIEST <= value * 1000 <= now() + _LEEWAY else ""
        raise ValueError(f"timestamp: expected milliseconds UTC from 1990 to a day ahead, got {value}{hint}")
    return value


IdText = Annotated[
    str | int,
    BeforeValidator(_no_truth),
    AfterValidator(_id),
    Field(description=f"Text or integer, at most {MAX_ID_BYTES} bytes"),
]
Milliseconds = Annotated[
    int, BeforeValidator(_no_truth), Field(description="Milliseconds since the epoch, UTC"), AfterValidator(_time)
]
Kind = Annotated[str, AfterValidator(check_kind)]


class _Strict(BaseModel):
    """A body whose unknown fields are errors, so that a typo is never silently dropped."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class EventIn(_Strict):
    """One thing a person did."""

    event_id: IdText
    user_id: IdText
    item_id: IdText
    interaction_type: Kind = "view"
    timestamp: Milliseconds | None = None
    domain: str = Field("", max_length=MAX_ID_BYTES)
    value: float | None = None
    recommendation_id: str | None = Field(None, max_length=MAX_ID_BYTES)
    context: dict[str, str] | None = Field(
        None, description=f"Device, location, session, referrer and the like, at most {MAX_CONTEXT_BYTES} bytes"
    )

    def event(self, arrived: int) -> Event:
        """Return the event; without a time it happened when it arrived."""
        return Event(
            str(self.event_id),
            str(self.user_id),
            str(self.item_id),
            self.interaction_type,
            arrived if self.timestamp is None else self.timestamp,
            self.domain,
            self.value,
            self.recommendation_id,
            json.dumps(self.context, ensure_ascii=False) if self.context else None,
        )


class EventsIn(_Strict):
    """A batch of events; the same event_id again is the same event."""

    events: list[EventIn]


class Taken(BaseModel):
    """How many events of a batch were new, were there already, or name an item that no answer knows yet."""

    accepted: int
    duplicates: int
    unknown_items: int


class ActIn(_Strict):
    """One act of a history."""

    item_id: IdText
    interaction_type: Kind = "view"
    timestamp: Milliseconds | None = None
    domain: str = Field("", max_length=MAX_ID_BYTES)
    value: float | None = None


class Question(_Strict):
    """A question that carries the history itself; nothing of it is kept."""

    history: list[ActIn] = Field(default_factory=list, max_length=10_000)
    domain: str | None = None
    k: Annotated[int, BeforeValidator(_no_truth)] = 10
    exclude_seen: bool = True
    candidates: list[IdText] | None = Field(None, max_length=10_000)
    where: list[str] = Field(default_factory=list)


class ItemOut(BaseModel):
    """One recommended item and why."""

    id: str | int
    score: float
    source: str
    reason: str
    title: str | None = None


class Answer(BaseModel):
    """A list, best first."""

    recommendation_id: str
    model_version: str
    took_ms: float
    served_from: str
    items: list[ItemOut]


class AvailabilityIn(_Strict):
    """May an item be shown?"""

    available: bool


class Receipt(BaseModel):
    """What an erasure removed."""

    user_id: str
    erased: dict[str, int]
    at: int


class Wrong(_Strict):
    """One field that is wrong."""

    field: str
    rule: str


class Told(_Strict):
    """What went wrong, and what to do."""

    type: str = Field(description="The class of the error: InvalidInput, NotFound, Refused, Unavailable, …")
    message: str
    fields: list[Wrong] | None = Field(None, description="Of a malformed request, each field that is wrong")


class Failure(_Strict):
    """The form of every error."""

    error: Told
