"""Register entries through the codec."""

from typing import Any

import pytest

from clients.wire import institution_message, member_message, opening_message
from engine.domain.codes import (
    Benefit,
    DiseaseKind,
    Employment,
    FilingKind,
    Kind,
    Level,
    Mode,
    Offer,
    Status,
)
from engine.domain.dates import Interval
from engine.domain.register import (
    AccountOpening,
    Disease,
    Filing,
    Institution,
    Member,
    Opening,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.errors import InvalidInput
from gongji.v1 import register_pb2
from server.codec_register import decode_institution, decode_member, decode_opening
from tests.support.world import HEYUAN, ZIBO, make_world

FULL = Member(
    "m1",
    ZIBO,
    Status.VETERAN,
    20240630,
    19500101,
    Mode.POOLED_ONLY,
    Employment.FLEXIBLE,
    arrears=(Interval(20240101, 20240131), Interval(20250101)),
    filings=(Filing(FilingKind.STATIONED, "310100", Interval(20240101)),),
    selections=(Selection("h1", Interval(20240101, 20241231)),),
    diseases=(Disease("M1", DiseaseKind.SPECIAL, Interval(20240101)),),
    stays=(Stay("h1", 20240301, 20240305), Stay("h2", 20240401)),
    referrals=(Referral("h1", "h2", Interval(20240301, 20240331)),),
)


def test_a_full_member_comes_through_unchanged() -> None:
    assert decode_member(member_message(FULL)) == FULL


@pytest.mark.parametrize("city", [ZIBO, HEYUAN])
def test_a_world_comes_through_unchanged(city: str) -> None:
    world = make_world(7, 50, city)
    assert [decode_member(member_message(member)) for member in world.members] == world.members
    assert [decode_opening(opening_message(one)) for one in world.openings] == world.openings


@pytest.mark.parametrize(
    "institution",
    [
        Institution("h1", ZIBO),
        Institution("h2", ZIBO, Level.LEVEL_3_PROVINCIAL, Kind.INTERNET_HOSPITAL, host="h1"),
        Institution("h3", ZIBO, parent="h1", designated=(), networked=()),
        Institution("h4", ZIBO, designated=(Interval(20240101, 20241231),)),
        Institution("h5", ZIBO, offers=frozenset()),
        Institution("h6", ZIBO, offers=frozenset({Offer.CHRONIC, Offer.PRESCRIPTION})),
    ],
)
def test_an_institution_comes_through_unchanged(institution: Institution) -> None:
    assert decode_institution(institution_message(institution)) == institution


@pytest.mark.parametrize(
    "opening",
    [
        AccountOpening("m1", 5),
        Opening("m1", 2026, 1, True, 3, (("V1", 4), ("V2", 5))),
        Opening(
            "m1",
            2026,
            benefit_deductible_fen=((Benefit.SPECIAL, 6), (Benefit.DUAL_CHANNEL, 7)),
            benefit_paid_fen=((Benefit.SEPARATE_PAY, 8),),
        ),
    ],
)
def test_an_opening_comes_through_unchanged(opening: Opening | AccountOpening) -> None:
    assert decode_opening(opening_message(opening)) == opening


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"status": 0}, "status"),
        ({"status": 4}, "status"),
        ({"mode": 0}, "mode"),
        ({"employment": 3}, "employment"),
    ],
)
def test_a_member_without_a_code_is_refused(change: dict[str, Any], path: str) -> None:
    message = member_message(FULL)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(InvalidInput) as caught:
        decode_member(message)
    assert caught.value.path == path


def test_codes_inside_a_member_are_named_with_their_position() -> None:
    message = member_message(FULL)
    message.filings[0].ClearField("kind")
    with pytest.raises(InvalidInput) as caught:
        decode_member(message)
    assert caught.value.path == "filings[0].kind"


def test_an_institution_without_a_level_is_refused() -> None:
    with pytest.raises(InvalidInput, match="1 to 4"):
        decode_institution(register_pb2.Institution(institution_id="h1"))


def test_an_opening_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput):
        decode_opening(register_pb2.Opening())


def test_dated_offers_come_through_unchanged() -> None:
    held = (Qualification(Offer.CHRONIC, Interval(20240301, 20240331)),)
    institution = Institution("h", ZIBO, offers=frozenset({Offer.ORDINARY}), qualifications=held)
    assert decode_institution(institution_message(institution)) == institution
    assert decode_institution(institution_message(institution)) == institution
    assert decode_member(member_message(FULL)) == FULL
