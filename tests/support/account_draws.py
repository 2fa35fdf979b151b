"""Random requests about the accounts of one family, from what a model says stands."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from engine.domain.account import DisposalEvent, Product, Purpose
from engine.domain.claim import Claim
from engine.domain.codes import Mode, Status
from engine.domain.movement import (
    CreditMember,
    CreditStep,
    Dispose,
    Pay,
    UndoMovement,
)
from engine.domain.request import Cancel, PutMembers, Request, Reverse, SettleBatch
from tests.support.account_model import Model, Stood
from tests.support.family import MONTHS, Family, contributions

_MEDICAL = (Purpose.MEDICAL, Product.NONE)
_USES = (
    *(_MEDICAL,) * 4,
    *((Purpose.PHARMACY_GOODS, Product.NONE),) * 4,
    *((Purpose.PREMIUM, product) for product in Product if product),
    (Purpose.PREMIUM, Product.RESIDENT),
    (Purpose.MAKE_UP_CONTRIBUTION, Product.NONE),
    (Purpose.PREVENTIVE_TCM, Product.NONE),
    (Purpose.FITNESS, Product.NONE),
)
_BILLS = (100, 3_000, 20_000, 90_000, 300_000)


@dataclass
class Draw:
    """What requests of one family are drawn from."""

    rng: random.Random
    name: str
    family: Family
    first: int
    """Register number of the first of the family."""
    model: Model
    sent: list[Request] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    """Institution and id of requests that were taken back before they came."""
    changed: str = ""
    """Whose register entry was changed last."""
    _count: int = 0

    def request(self) -> Request:
        """Return the next request, now and then one that cannot be."""
        draws: dict[Callable[[], Request], int] = {
            self._credit_member: 18,
            self._credit_step: 8,
            self._register: 10,
            self._pay: 20,
            self._dispose: 6,
            self._settle: 22,
            self._undo_settlement: 9,
            self._undo_movement: 12,
            self._again: 8,
            self._take_back_unknown: 3,
            self._malformed: 1,
        }
        draw = self.rng.choices(list(draws), list(draws.values()))[0]
        if self.changed and self.rng.random() < 0.6:
            draw = self._credit_member
        elif self._closed() and self.rng.random() < 0.3:
            draw = self.rng.choice((self._undo_settlement, self._dispose))
        request = draw()
        if not isinstance(request, PutMembers):
            self.sent.append(request)
        return request

    def taking_back(self, stood: Stood) -> Request:
        """Return what takes back something that stands."""
        by, own = stood.institution, self._id()
        by_request = stood.request_id and self.rng.random() < 0.5
        if stood.kind == "settlement":
            if by_request:
                return Reverse(by, own, stood.request_id)
            return Cancel(by, own, stood.position)
        if by_request:
            return UndoMovement(by, own, original_request_id=stood.request_id)
        return UndoMovement(by, own, movement=stood.position)

    # --- who, when, where ----------------------------------------------------------------

    def _id(self) -> str:
        self._count += 1
        return f"{self.name}/{self._count}"

    def _month(self) -> int:
        return self.rng.choice(MONTHS[self.family.city])

    def _day(self) -> int:
        return self._month() * 100 + self.rng.choice((1, 9, 28))

    def _place(self) -> str:
        ending = self.rng.choice(("1", "1", "2", "3", "rx", "rx", "out"))
        return f"{self.family.city}-{ending}"

    def _owner(self) -> str:
        """Return whose account is asked: mostly one that holds something."""
        ids = self.family.ids
        rich = [name for name in ids if self.model.balances[name]]
        return self.rng.choice(rich if rich and self.rng.random() < 0.85 else ids)

    def _person(self, owner: str) -> str:
        """Return for whom: mostly somebody of the owner's family as registered."""
        links = self.model.members[owner].family
        if links and self.rng.random() < 0.8:
            return self.rng.choice(links).relative
        return self.rng.choice([*self.family.ids, "nobody"])

    def _closed(self) -> list[str]:
        return [name for name in self.family.ids if self.model.closed_by.get(name)]

    # --- requests ------------------------------------------------------------------------

    def _credited(self) -> list[tuple[str, int]]:
        """Return member and month of what was credited to the family."""
        ids = set(self.family.ids)
        return [key for key, parts in self.model.posted.items() if key[0] in ids and any(parts)]

    def _credit_member(self) -> Request:
        """Credit somebody, mostly for a month that was credited before a change."""
        changed = [key for key in self._credited() if key[0] == self.changed]
        self.changed = ""
        if changed:
            return CreditMember(*self.rng.choice(changed))
        return CreditMember(self.rng.choice(self.family.ids), self._month())

    def _credit_step(self) -> Request:
        dry_run = self.rng.random() < 0.2
        count = len(self.family.members)
        return CreditStep(self.family.city, self._month(), self.first, count, dry_run)

    def _register(self) -> Request:
        """Change what a credit depends on."""
        rng = self.rng
        credited = [name for name, _ in self._credited()]
        name = rng.choice(credited if credited and rng.random() < 0.7 else self.family.ids)
        member, self.changed = self.model.members[name], name
        draw = rng.random()
        if draw < 0.6 and member.status == Status.ACTIVE:
            changed = replace(member, contributions=contributions(rng))
        elif draw < 0.75:
            changed = replace(member, retired_on=rng.choice((0, self._day())))
        elif draw < 0.85:
            changed = replace(member, born_on=rng.choice((1953_12_31, 1954_02_01, 1962_05_06)))
        elif draw < 0.95:
            changed = replace(member, months_pooled_only=rng.choice((0, 7, 60)))
        else:
            changed = replace(member, mode=rng.choice(tuple(Mode)))
        return PutMembers([changed])

    def _pay(self) -> Request:
        rng, owner = self.rng, self._owner()
        purpose, product = rng.choice(_USES)
        by = self._place() if rng.random() < (0.2 if product else 0.9) else ""
        if purpose == Purpose.PHARMACY_GOODS and by and rng.random() < 0.8:
            by = f"{self.family.city}-rx"
        balance = self.model.balances[owner]
        amount = rng.choice((1, balance, balance, balance + 1, 40_000, rng.randint(1, 5_000)))
        if rng.random() < 0.03:
            amount = rng.choice((0, -1, 10**12 + 1))
        own = self._id()
        if self.lost and rng.random() < 0.3:
            by, own = rng.choice(self.lost)
        return Pay(
            by,
            own,
            owner,
            self._day(),
            purpose,
            amount,
            product,
            self._person(owner) if rng.random() < 0.4 else "",
        )

    def _dispose(self) -> Request:
        rng = self.rng
        closed = [name for name in self._closed() if self.model.balances[name]]
        among = closed or self.family.ids
        return Dispose(
            self._id(),
            rng.choice(among) if rng.random() < 0.5 else self._owner(),
            self._day(),
            rng.choice((DisposalEvent.DEATH, DisposalEvent.EMIGRATION, *DisposalEvent)),
            to_area=rng.choice(("", f"{self.family.city[:2]}0900", "310100")),
            beneficiary=rng.random() < 0.5,
            application=rng.choice(("", "a-1", "a-1")),
            proof=rng.choice(("", "p-1")),
        )

    def _settle(self) -> Request:
        claims = [self._claim() for _ in range(self.rng.choice((1, 1, 1, 2, 4)))]
        return SettleBatch(claims, preview=self.rng.random() < 0.06)

    def _claim(self) -> Claim:
        rng = self.rng
        patient, payer = self._owner(), ""
        if rng.random() < 0.6:
            payer = self._owner()
            patient = self._person(payer)
        if patient == payer:
            payer = ""
        in_scope = rng.choice(_BILLS) + rng.randint(0, 99)
        beyond = rng.choice((0, 0, 1_000))
        day = self._day()
        own = self._id()
        by = self._place()
        if self.lost and rng.random() < 0.1:
            by, own = rng.choice(self.lost)
        return Claim(
            by or f"{self.family.city}-1",
            own,
            patient,
            day,
            day,
            in_scope + beyond,
            in_scope,
            0,
            0,
            beyond,
            use_account=rng.random() < 0.5,
            payer=payer,
            prescription="rx-1" if by.endswith("rx") else "",
        )

    # --- taking back ---------------------------------------------------------------------

    def _undo_settlement(self) -> Request:
        found = [stood for stood in self.model.standing.values() if stood.kind == "settlement"]
        if not found:
            return self._settle()
        closed = set(self._closed())
        paid = [stood for stood in found if closed & set(stood.moves)]
        return self.taking_back(self.rng.choice(paid or found))

    def _undo_movement(self) -> Request:
        """Take back a movement; seldom one that is none, or somebody else's."""
        rng = self.rng
        found = [s for s in self.model.standing.values() if s.kind != "settlement"]
        if not found:
            return self._pay()
        stood = rng.choice(found[-8:])
        if rng.random() < 0.08:
            stood = replace(stood, institution=self._place())
            return UndoMovement(stood.institution, self._id(), movement=stood.position)
        if rng.random() < 0.05:
            return UndoMovement("", self._id(), movement=rng.choice((1, stood.position + 1)))
        return self.taking_back(stood)

    def _again(self) -> Request:
        """Return something that was sent before, seldom with another content."""
        if not self.sent:
            return self._settle()
        request = self.rng.choice(self.sent)
        if isinstance(request, Pay) and self.rng.random() < 0.15:
            return request._replace(amount_fen=request.amount_fen + 1)
        if isinstance(request, Dispose) and self.rng.random() < 0.3:
            return request._replace(proof="p-2")
        return request

    def _take_back_unknown(self) -> Request:
        """Take back what never came: it must not come later."""
        by, original = self._place(), self._id()
        self.lost.append((by, original))
        if self.rng.random() < 0.5:
            return Reverse(by, self._id(), original)
        return UndoMovement(by, self._id(), original_request_id=original)

    def _malformed(self) -> Request:
        own = self._id()
        return self.rng.choice(
            (
                CreditMember(self.family.ids[0], 2024_13),
                CreditStep(self.family.city, 2024_01, 0, 0),
                UndoMovement("", own, 1, f"{own}x"),
                UndoMovement("", own),
                Pay("", own, self.family.ids[0], 2024_01_32, Purpose.MEDICAL, 1),
                Pay("", own, self.family.ids[0], 2024_01_01, Purpose.MEDICAL, 1, Product.RESIDENT),
                Dispose(own, self.family.ids[0], 2024_01_01, 9),
            )
        )
