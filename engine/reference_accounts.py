"""The second pass of the reference kernel: the accounts pay, the own one and then a relative's.

Fund results never depend on accounts, so they come last, in order of arrival: a relative's account
crosses members.
"""

from engine.domain.codes import Fact
from engine.domain.layout import Array
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.records import Row, check_accounts, read_rows


def pay_accounts(rows: Array, results: Array, balances: Array) -> None:
    """Let the members' own accounts pay, then their relatives', in order of arrival.

    Args:
        rows: The records that were settled.
        results: What `settle` wrote for them; accounts, cash and the balances before are set.
        balances: Fen on each account; changed in place.

    Raises:
        ValueError: naming row and field; nothing was changed.
    """
    claims = read_rows(rows, results)
    for number, row in enumerate(claims):
        check_accounts(number, row, len(balances))
    for number, row in enumerate(claims):
        if _refused(int(results[number]["reason"])):
            continue
        if row.account >= 0:
            _pay_account(row, results[number], balances)
        may_be_asked = row.relation and not results[number]["family_reason"]
        if may_be_asked and row.family >= 0:
            _pay_family(row, results[number], balances)


def _pay_account(row: Row, result: Array, balances: Array) -> None:
    """Take from the account what it holds and may pay; the rest of the burden stays cash."""
    balance = int(balances[row.account])
    result["account_before"] = balance
    if not row.facts & Fact.USE_ACCOUNT:
        return
    person, allowed = int(result["person"]), int(result["account_allowed"])
    barred = person - allowed
    result["account"] = min(balance, allowed)
    result["cash"] = barred + max(0, allowed - balance)
    balances[row.account] -= int(result["account"])


def _pay_family(row: Row, result: Array, balances: Array) -> None:
    """Take from the relative's account, of what it may pay, what the own account left (G20)."""
    balance = int(balances[row.family])
    result["family_before"] = balance
    left = max(0, int(result["family_allowed"]) - int(result["account"]))
    result["family_account"] = max(0, min(balance, left))
    result["cash"] -= result["family_account"]
    balances[row.family] -= int(result["family_account"])


def _refused(reason: int) -> bool:
    return Reason.NONE < reason < EXCLUSION_FIRST
