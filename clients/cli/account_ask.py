"""Asking a server or a store to move an account, so that the outcome is never in doubt."""

from typing import TYPE_CHECKING, TypeVar

from clients.cli.common import Fail, Unfound, Wrong
from clients.cli.stores import Place
from clients.errors import CallError, ClientError, Refusal
from engine.errors import OutcomeUnknown

if TYPE_CHECKING:
    from clients.accounts import Request
    from clients.cli.source import StoreSource
    from clients.server import Server
    from engine.domain.movement import AccountAnswer
    from engine.domain.request import NothingToReverse, Refused

T = TypeVar("T")


def ask(
    server: str | None, store: Place | None, request: "Request", *, request_id: str = ""
) -> "AccountAnswer | NothingToReverse":
    """Return the answer to a request, which was not refused.

    Args:
        server: Where a server listens, `HOST:PORT`; None: as the command line has it otherwise.
        store: A store to ask instead.
        request: What is asked.
        request_id: The request's own id, which keeps it from being done twice; empty: to ask it
            again is harmless.

    Raises:
        Unfound: it was refused; the line says why.
        Fail: it may or may not have been done; the line says how to find out.
        ClientError: nobody answered, where to ask again is harmless.
        InvalidInput: the request is malformed.
    """
    from clients.cli.source import open_ledger

    try:
        with open_ledger(server, store) as ledger:
            return allowed(ledger.account(request))
    except Refusal as error:
        raise Unfound(str(error)) from error
    except (ClientError, OutcomeUnknown) as error:
        if not request_id:
            raise
        raise Fail(f"{error}; to be sure, run it again with --id {request_id}") from error


def allowed(
    answer: "AccountAnswer | NothingToReverse | Refused",
) -> "AccountAnswer | NothingToReverse":
    """Return an answer that is no refusal.

    Raises:
        Unfound: it is one; the line says why.
    """
    from engine.domain.request import Refused

    if isinstance(answer, Refused):
        figure = f" ({answer.figure}: see gongji policy supply)" if answer.figure else ""
        raise Unfound(f"{answer.reason.name}: {answer.message}{figure}")
    return answer


def expect(answer: object, kind: type[T]) -> T:
    """Return an answer that is of the kind that was asked for.

    Raises:
        CallError: it is of another kind.
    """
    if not isinstance(answer, kind):
        raise CallError(f"the ledger answered {type(answer).__name__}, which was not asked")
    return answer


def area_of(ledger: "StoreSource | Server", city: str) -> str:
    """Return the area code of a city by its code or pinyin name.

    Raises:
        Wrong: the ledger has no rules for it; the line says which cities it has.
    """
    try:
        (found,) = ledger.policies(city)
    except Refusal as error:
        raise Wrong(str(error)) from error
    return found.area
