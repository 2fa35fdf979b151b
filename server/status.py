"""One table from what went wrong to a gRPC status. No exception's text ever reaches a client."""

import logging
import traceback
import uuid
from typing import Final, NamedTuple

from grpc import StatusCode

from engine.errors import (
    BackupError,
    InvalidInput,
    InvariantBroken,
    OutcomeUnknown,
    RuleFileError,
    StoreError,
    StoreFull,
    StoreLocked,
)

REASON_KEY: Final = "gongji-reason"
"""Key of the trailing metadata that holds the reason of a status."""

RETRY_KEY: Final = "grpc-retry-pushback-ms"
"""Key of the trailing metadata that says when to try again, as gRPC's retry policy reads it
(gRFC A6): milliseconds, decimal."""

_log = logging.getLogger(__name__)


class NotOpen(Exception):
    """A stream did not begin with open, or a call does not name its institution."""


class Overloaded(Exception):
    """Too many requests wait; this one was not taken."""


class Stopping(Exception):
    """The server stops; what is unanswered goes to another stream."""


class Status(NamedTuple):
    """How a call ends: code, machine-readable reason, sentence for people."""

    code: StatusCode
    reason: str
    message: str
    retry_seconds: float = 0.0
    """After how long it makes sense to try again; 0: nothing is said."""


def trailing(status: Status) -> tuple[tuple[str, str], ...]:
    """Return the trailing metadata of a status: its reason, and when to try again."""
    reason = (REASON_KEY, status.reason)
    if not status.retry_seconds:
        return (reason,)
    return reason, (RETRY_KEY, str(round(1_000 * status.retry_seconds)))


_INTERNAL: Final = Status(StatusCode.INTERNAL, "INTERNAL", "internal error")

_TABLE: Final[dict[type[Exception], Status]] = {
    NotOpen: Status(
        StatusCode.FAILED_PRECONDITION,
        "NOT_OPEN",
        "no institution: open the stream with its id first, or name it in the metadata "
        "gongji-institution",
    ),
    Overloaded: Status(
        StatusCode.RESOURCE_EXHAUSTED,
        "OVERLOADED",
        "too many requests wait and nothing was recorded; send it again a little later",
        0.5,
    ),
    Stopping: Status(
        StatusCode.UNAVAILABLE, "STOPPING", "the server stops; send what is unanswered again", 0.5
    ),
    InvalidInput: Status(
        StatusCode.INVALID_ARGUMENT, "MALFORMED", "the message is malformed; correct it"
    ),
    RuleFileError: Status(
        StatusCode.INVALID_ARGUMENT, "MALFORMED", "the file is malformed; correct it"
    ),
    StoreFull: Status(
        StatusCode.RESOURCE_EXHAUSTED,
        "STORE_FULL",
        "the disk is nearly full and nothing was recorded; tell the operator, then send it again",
        30.0,
    ),
    StoreLocked: Status(
        StatusCode.UNAVAILABLE, "STORE_LOCKED", "the store is in use; nothing was recorded", 1.0
    ),
    StoreError: Status(
        StatusCode.UNAVAILABLE,
        "STORE_UNAVAILABLE",
        "nothing was recorded; send it again with the same id",
        1.0,
    ),
    BackupError: Status(
        StatusCode.FAILED_PRECONDITION, "NO_BACKUP", "no copy of the store was made"
    ),
    OutcomeUnknown: Status(
        StatusCode.UNAVAILABLE,
        "OUTCOME_UNKNOWN",
        "the server stops without knowing the outcome; send it again with the same id",
        2.0,
    ),
    InvariantBroken: Status(
        StatusCode.INTERNAL, "INVARIANT_BROKEN", "internal error; the server stops"
    ),
}


def status_of(error: BaseException) -> Status:
    """Return how a call that met this error ends; what is not in the table is logged."""
    for kind in type(error).__mro__:
        status = _TABLE.get(kind)
        if status is not None:
            return status
    incident = uuid.uuid4().hex[:12]
    log_error("incident %s", error, incident)
    return _INTERNAL._replace(message=f"internal error {incident}")


def log_error(what: str, error: BaseException, *arguments: object) -> None:
    """Log where an error was raised and its type, not its text: that may hold personal data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error(f"{what}: %s\n%s", *arguments, type(error).__name__, frames)
