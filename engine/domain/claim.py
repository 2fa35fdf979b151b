"""A claim as it was sent: what the client says, before any register or rule is asked."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.domain.bill import BillLine, check_lines
from engine.domain.codes import Benefit, Liability, Paper
from engine.domain.dates import to_date
from engine.domain.ids import ID_LENGTH_MAX as ID_LENGTH_MAX
from engine.domain.ids import check_id as check_id
from engine.errors import InvalidInput

LIABLE_NOT_GIVEN = -1


class Claim(NamedTuple):
    """One request to settle or to preview; amounts in fen, dates YYYYMMDD, ids as sent.

    `institution` and `request_id` together are the key of the request, for ever. An empty
    text means: not given. `visit` empty is the request's own visit. The bill is given either as
    four parts, the terminal's split, or as `lines`, and then the four parts are 0; `total_fen` is
    what the terminal says the parts, or the amounts of the lines, add up to.
    """

    institution: str
    request_id: str
    member: str
    service_date: int
    until_date: int
    total_fen: int
    in_scope_fen: int
    pre_payment_fen: int
    over_limit_fen: int
    non_covered_fen: int
    benefit: int = Benefit.ORDINARY
    visit: str = ""
    disease: str = ""
    prescriber: str = ""
    admission: str = ""
    liability: int = Liability.NONE
    liable_fen: int = LIABLE_NOT_GIVEN
    """The part somebody else is liable for; not given: the whole amount in scope.

    A reader that is given -1 hands on -2: negative amounts are refused, whichever they are.
    """
    emergency: bool = False
    referred: bool = False
    statement: bool = False
    manual: bool = False
    use_account: bool = False
    lines: tuple[BillLine, ...] = ()
    prescription: str = ""
    """Id of the external prescription that a pharmacy dispensed."""
    papers: int = 0
    """Documents that came with a paper claim, bits of `Paper`."""
    payer: str = ""
    """Relative whose account pays what the own account leaves; registered by that relative."""


_BENEFITS = frozenset(benefit for benefit in Benefit if benefit <= Benefit.EMERGENCY)
_LIABILITIES = frozenset(Liability)
_PAPERS = sum(Paper)
_OPTIONAL_IDS = ("visit", "disease", "prescriber", "admission", "prescription", "payer")
_PARTS = ("in_scope_fen", "pre_payment_fen", "over_limit_fen", "non_covered_fen")


def check_claim(claim: Claim) -> None:
    """Check what no rule needs to be asked about: ids, days, codes, and what lines say twice.

    Amounts are not checked here: a negative one is a refusal, `INVALID_CLAIM`.

    Raises:
        InvalidInput: naming the first field that is malformed.
    """
    _check_ids(claim)
    _check_day("service_date", claim.service_date)
    if claim.until_date != claim.service_date:
        _check_day("until_date", claim.until_date)
    if claim.benefit not in _BENEFITS:
        raise InvalidInput("benefit", f"{claim.benefit} is not a benefit; expected 1 to 5")
    if claim.liability not in _LIABILITIES:
        raise InvalidInput("liability", f"{claim.liability} is not a liability; expected 0 to 5")
    if claim.liable_fen >= 0 and claim.liability == Liability.NONE:
        raise InvalidInput("liable_fen", "is given without a liability; say who is liable")
    if claim.papers & ~_PAPERS:
        raise InvalidInput("papers", f"{claim.papers} is no set of papers; expected 0 to {_PAPERS}")
    if claim.lines:
        for path in _PARTS:
            if getattr(claim, path):
                raise InvalidInput(path, "stands beside lines; give one or the other")
        check_lines("lines", claim.lines)
        if claim.benefit == Benefit.DAY_SURGERY:
            _check_undirected(claim.lines)


def _check_ids(claim: Claim) -> None:
    check_id("institution", claim.institution)
    check_id("request_id", claim.request_id)
    check_id("member", claim.member)
    for path in _OPTIONAL_IDS:
        text: str = getattr(claim, path)
        if text:
            check_id(path, text)
    if claim.payer == claim.member:
        raise InvalidInput("payer", "is the member; ask for the own account by use_account")


def _check_undirected(lines: Sequence[BillLine]) -> None:
    for n, line in enumerate(lines):
        if line.benefit:
            problem = "directs a part of day surgery elsewhere; it is settled as a whole"
            raise InvalidInput(f"lines[{n}].benefit", problem)


def _check_day(path: str, day: int) -> None:
    try:
        to_date(day)
    except ValueError as error:
        raise InvalidInput(path, str(error)) from None
