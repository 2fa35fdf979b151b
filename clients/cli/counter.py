"""What a counter prints: receipts, refusals, undos; for people or for programs."""

from collections.abc import Awaitable, Callable
from typing import Final

import click

from clients.cli.common import SOME_REFUSED, echo_json
from clients.errors import CallError
from clients.explain import receipt_of_settlement
from clients.files import claim_column
from clients.outbox import Outbox
from clients.receipt import receipt_json, receipt_text, refusal_text
from clients.server import Server
from clients.session import Session
from engine.domain.money import format_yuan
from engine.domain.reasons import Detail, Reason
from gongji.v1 import settlement_pb2
from gongji.v1.settlement_service_pb2 import SettleResponse

_HEADLINES: Final = {"cancel": "未予撤销", "reverse": "未予冲正", "query": "未查到"}
"""What a refusal is called; 未予结算 for the others."""

Ask = Callable[[Session], Awaitable[SettleResponse]]


async def ask_and_print(
    ask: Ask,
    outbox: Outbox | None,
    *,
    server: str,
    institution: str,
    patience: float,
    as_json: bool,
    kind: str,
    reversed_id: str = "",
) -> None:
    """Ask one thing, print the answer, and leave with its exit code.

    Args:
        ask: What is asked.
        outbox: Keeps it until it is answered; None: nothing changes by it.
        server: Where the server listens.
        institution: Whose terminal this is.
        patience: Seconds without an answer after which the outcome counts as unknown.
        as_json: Whether a program reads the answer.
        kind: What it is: `settle`, `preview`, `cancel`, `reverse` or `query`.
        reversed_id: The request that is reversed.
    """
    async with Session(server, institution, outbox=outbox, patience=patience) as session:
        response = await ask(session)
    if outbox is not None and response.WhichOneof("answer") in ("undone", "nothing_to_reverse"):
        # What was reversed has a known outcome now, and need not be sent again.
        outbox.done(institution, reversed_id)
    if not print_response(response, server, kind, as_json):
        raise click.exceptions.Exit(SOME_REFUSED)


async def send_again(
    outbox: Outbox, *, server: str, institution: str, patience: float, as_json: bool
) -> None:
    """Send what is unanswered again, print each answer, and leave with the exit code of all."""
    pending = outbox.pending()
    if not pending and not as_json:
        click.echo("nothing is unanswered")
    fine = True
    async with Session(server, institution, outbox=outbox, patience=patience) as session:
        for request in pending:
            response = await session.resend(request)
            fine &= print_response(response, server, request.kind, as_json)
    if not fine:
        raise click.exceptions.Exit(SOME_REFUSED)


def print_response(response: SettleResponse, server: str, asked: str, as_json: bool) -> bool:
    """Print an answer; return whether what was asked was done."""
    kind = response.WhichOneof("answer")
    if kind in ("settled", "found"):
        settlement = response.settled if kind == "settled" else response.found.settlement
        undone_by = 0 if kind == "settled" else response.found.undone_by
        _print_settlement(settlement, server, undone_by, as_json)
        return True
    if as_json:
        echo_json(_as_dict(response))
    else:
        click.echo(_as_text(response, asked), nl=False)
    return kind in ("undone", "nothing_to_reverse")


def _print_settlement(
    settlement: settlement_pb2.Settlement, server: str, undone_by: int, as_json: bool
) -> None:
    with Server(server) as connection:
        try:
            receipt = receipt_of_settlement(settlement, connection.plan, undone_by=undone_by)
        except CallError as error:
            # The settlement stands whatever becomes of its explanation.
            raise CallError(
                f"settled as {settlement.settlement_id} (request {settlement.request_id}), but "
                f"its clauses cannot be fetched: {error}; gongji explain shows them later"
            ) from error
    if as_json:
        echo_json(receipt_json(receipt))
    else:
        click.echo(receipt_text(receipt), nl=False)


def _as_text(response: SettleResponse, asked: str) -> str:
    match response.WhichOneof("answer"):
        case "refused":
            return _refusal_text(response.refused, _HEADLINES.get(asked, "未予结算"))
        case "undone":
            undone, back = response.undone, response.undone.negated.payers
            again = "（先前已撤销，同一结果）" if undone.replayed else ""
            return (
                f"已撤销结算 {undone.settlement_id}，撤销号 {undone.entry_id}{again}\n"
                f"  退回统筹基金 {format_yuan(-back.pooled_fund.amount_fen)} 元，"
                f"个人账户 {format_yuan(-back.account.amount_fen)} 元，"
                f"现金 {format_yuan(-back.cash.amount_fen)} 元\n"
            )
        case "nothing_to_reverse":
            nothing = response.nothing_to_reverse
            return f"没有可冲正的结算；请求号 {nothing.original_request_id} 不会再被结算\n"
        case "error":
            column = claim_column(response.error.path)
            return f"请求格式有误：{column}: {response.error.problem}\n"
    return "无法识别的回答\n"


def _refusal_text(refusal: settlement_pb2.Refusal, headline: str) -> str:
    lines = [refusal_text(Reason(refusal.reason), refusal.message, headline)]
    lines += [f"  缺少的数据：{refusal.figure}\n"] if refusal.figure else []
    lines += [
        f"  依赖于它的结算：{blocker.settlement_id}（机构 {blocker.institution_id}，"
        f"请求号 {blocker.request_id}）\n"
        for blocker in refusal.blockers
    ]
    return "".join(lines)


def _as_dict(response: SettleResponse) -> dict[str, object]:
    kind = response.WhichOneof("answer")
    made: dict[str, object] = {"outcome": kind, "request_id": response.request_id}
    if kind == "refused":
        refusal = response.refused
        made |= {
            "reason": Reason(refusal.reason).name,
            "detail": Detail(refusal.detail).name if refusal.detail else "",
            "message": refusal.message,
            "figure": refusal.figure,
            "blockers": [
                {
                    "settlement_id": blocker.settlement_id,
                    "institution": blocker.institution_id,
                    "request_id": blocker.request_id,
                }
                for blocker in refusal.blockers
            ],
        }
    elif kind == "undone":
        made |= {
            "settlement_id": response.undone.settlement_id,
            "entry_id": response.undone.entry_id,
            "replayed": response.undone.replayed,
        }
    elif kind == "nothing_to_reverse":
        made["original_request_id"] = response.nothing_to_reverse.original_request_id
    elif kind == "error":
        made |= {"column": claim_column(response.error.path), "problem": response.error.problem}
    return made
