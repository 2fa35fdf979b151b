"""Register entries through the codec."""

from typing import Any

import pytest

from clients.registrations import item_message, item_of
from clients.wire import institution_message, member_message, opening_message
from engine.domain.account import Relation
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
from engine.domain.dates import EVERY_DAY, Interval
from engine.domain.register import (
    AccountOpening,
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Institution,
    Member,
    Opening,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.domain.registration import Designated, Item, Networked, items_of
from engine.errors import InvalidInput
from gongji.v1 import register_pb2
from gongji.v1 import registration_service_pb2 as pb
from server.codec import wire_path
from server.codec_register import decode_institution, decode_member, decode_opening
from server.codec_registration import decode_item, encode_item
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
    family=(
        FamilyLink("m2", Relation.SPOUSE, "C-17", Interval(20240101, 20241231)),
        FamilyLink("elsewhere", Relation.GRANDCHILD, "C-18", EVERY_DAY),
    ),
    contributions=(
        Contribution(543_210, 10_864, Interval(20240101, 20241231)),
        Contribution(0, 16_000, Interval(20250101)),
    ),
    still_paying=(Interval(20240701), EVERY_DAY),
    months_combined=180,
    months_pooled_only=96,
)


def test_a_full_member_comes_through_unchanged() -> None:
    assert decode_member(member_message(FULL)) == FULL


@pytest.mark.parametrize(
    "item",
    [
        *items_of(FULL),
        Designated(EVERY_DAY),
        Networked(Interval(20240101, 20241231)),
        Qualification(Offer.SPECIAL, Interval(20240101)),
    ],
    ids=lambda item: type(item).__name__,
)
def test_an_item_comes_through_unchanged(item: Item) -> None:
    assert decode_item(item_message(item), added=True) == item
    assert item_of(encode_item(item)) == item


def test_an_item_of_all_days_is_still_named() -> None:
    message = item_message(Networked(Interval(0)))
    assert message.WhichOneof("item") == "networked"
    assert decode_item(message, added=False) == Networked(Interval(0))


def test_a_link_that_is_only_named_needs_no_relation() -> None:
    link = register_pb2.FamilyLink(relative_id="m2")
    message = pb.RegisterItem(family=link)
    assert decode_item(message, added=False) == FamilyLink("m2", Relation.OTHER, "", Interval(0))
    with pytest.raises(InvalidInput, match="expected 1 to 8") as caught:
        decode_item(message, added=True)
    assert caught.value.path == "item.family.relation"
    assert wire_path("family[0].relative") == "family[0].relative_id"


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
    message = member_message(FULL)
    message.family[1].ClearField("relation")
    with pytest.raises(InvalidInput) as caught:
        decode_member(message)
    assert caught.value.path == "family[1].relation"


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
