"""A statement of an account, as people read it."""

import pytest

from clients.cli.account_view import statement_dict, what
from engine.domain.account import DisposalEvent, Product, Purpose
from engine.domain.statement import MovedBy, Movement, Statement
from server.codec_account import encode_statement

MOVED = Movement(3, MovedBy.SETTLEMENT, 0, 20240505, 1, "h1", "r", "m1", 20240501, -5, 5)
PREMIUM = MOVED._replace(
    moved_by=MovedBy.PAYMENT, purpose=Purpose.PREMIUM, product=Product.RESIDENT
)


@pytest.mark.parametrize(
    ("movement", "words"),
    [
        (MOVED, "结算"),
        (MOVED._replace(moved_by=MovedBy.CREDIT), "划入"),
        (MOVED._replace(moved_by=MovedBy.PAYMENT, purpose=Purpose.MEDICAL), "支付 医疗费用"),
        (PREMIUM, "支付 参保缴费 居民医保"),
        (MOVED._replace(moved_by=MovedBy.DISPOSAL, event=DisposalEvent.DEATH), "处置 死亡"),
        (PREMIUM._replace(undoes=2), "撤销支付 2"),
    ],
)
def test_what_moved_the_account(movement: Movement, words: str) -> None:
    sent = encode_statement(Statement("m1", 20240501, 20240531, 10, 5, (movement,)))
    assert what(sent.movements[0]) == words
    (shown,) = statement_dict(sent)["movements"]
    assert shown["moved_by"] == movement.moved_by.name.lower()
    assert shown["purpose"] == (
        Purpose(movement.purpose).name.lower() if movement.purpose else None
    )
