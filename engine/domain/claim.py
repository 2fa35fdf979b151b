"""A claim as it was sent: what the client says, before any register or rule is asked."""

from typing import NamedTuple

from engine.domain.codes import Benefit, Liability
from engine.domain.dates import to_date
from engine.errors import InvalidInput

LIABLE_NOT_GIVEN = -1


class Claim(NamedTuple):
    """One request to settle or to preview; amounts in fen, dates YYYYMMDD, ids as sent.

    `institution` and `request_id` together are the key of the request, for ever. An empty
    text means: not given. `visit` empty is the request's own visit. The four parts of the bill
    are the terminal's split; `total_fen` is what it says they add up to.
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


ID_LENGTH_MAX = 64
"""Longest id, in UTF-8 bytes; the national platform's message id has 30."""


_BENEFITS = frozenset(benefit for benefit in Benefit if benefit <= Benefit.EMERGENCY)
_LIABILITIES = frozenset(Liability)


def check_id(path: str, text: str, *, required: bool = True) -> None:
    """Check an id: not empty where required, at most `ID_LENGTH_MAX` bytes, no control character.

    Raises:
        InvalidInput: naming `path`; the id itself is not repeated.
    """
    if required and not text:
        raise InvalidInput(path, "is missing; an id is expected")
    # First of all: what is not printable may not even be text that can be written.
    if not text.isprintable():
        raise InvalidInput(path, "holds a control character; printable text is expected")
    if len(text.encode()) > ID_LENGTH_MAX:
        raise InvalidInput(path, f"is longer than {ID_LENGTH_MAX} bytes")
    if text != text.strip():
        raise InvalidInput(path, "begins or ends with a space")


def check_claim(claim: Claim) -> None:
    """Check what no rule needs to be asked about: ids, days, codes.

    Amounts are not checked here: a negative one is a refusal, `INVALID_CLAIM`.

    Raises:
        InvalidInput: naming the first field that is malformed.
    """
    check_id("institution", claim.institution)
    check_id("request_id", claim.request_id)
    check_id("member", claim.member)
    for path in ("visit", "disease", "prescriber", "admission"):
        text: str = getattr(claim, path)
        if text:
            check_id(path, text)
    for path, day in (("service_date", claim.service_date), ("until_date", claim.until_date)):
        try:
            to_date(day)
        except ValueError as error:
            raise InvalidInput(path, str(error)) from None
    if claim.benefit not in _BENEFITS:
        raise InvalidInput("benefit", f"{claim.benefit} is not a benefit; expected 1 to 5")
    if claim.liability not in _LIABILITIES:
        raise InvalidInput("liability", f"{claim.liability} is not a liability; expected 0 to 5")
    if claim.liable_fen >= 0 and claim.liability == Liability.NONE:
        raise InvalidInput("liable_fen", "is given without a liability; say who is liable")
