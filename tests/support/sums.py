"""What must hold of every journal: its sums, its counters, and the digest of no order."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from engine.digest import ResultDigest
from engine.domain.codes import Benefit
from engine.domain.journal import EntryKind, SegmentKind
from engine.domain.layout import CUTS, ENTRY, NEGATED, Array
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.domain.register import Opening
from tests.support.runner import Run, counters
from tests.support.world import APART, CHANGCHUN, JINAN, SUIZHOU, ZIBO, World


def digest(run: Run) -> bytes:
    """Return the order-free digest of the settlements a run's journal leaves standing."""
    total = ResultDigest()
    for entry in run.pipeline.entries():
        total.add(entry)
    return total.digest()


def entries_of(run: Run) -> Array:
    """Return every entry of a run's journal as one array."""
    found = (s.records for s in run.store.journal if s.kind == SegmentKind.ENTRIES)
    return np.frombuffer(b"".join(found), dtype=ENTRY)


def check_sums(run: Run) -> None:
    """Check the identities of the case format on every entry, undos included."""
    entries = entries_of(run)
    result, row = entries["result"], entries["row"]
    part = {name: result[name] for name in NEGATED}

    def total(*names: str) -> Array:
        added: Array = np.sum([part[name] for name in names], axis=0)
        return added

    package = result["cite_standard_price"] > 0
    bill = ("non_covered", "over_limit", "pre_payment", "excluded", "in_scope")
    basis = total("deductible", "copay", *CUTS, "pooled_fund")
    payers = ("pooled_fund", "large_amount_fund", "institution_share", "person")
    assert np.array_equal(part["total"], total(*bill))
    assert np.array_equal(part["in_scope"][~package], basis[~package])
    assert np.array_equal(part["total"], total(*payers))
    assert np.array_equal(part["person"], total("account", "family_account", "cash"))
    assert not part["institution_share"][~package].any()
    assert (row["benefit"][package] == Benefit.DAY_SURGERY).all()
    assert (part["deductible"][package] == 0).all()
    undone = np.isin(entries["link"]["kind"], (EntryKind.CANCEL, EntryKind.REVERSAL))
    sign = np.where(undone, -1, 1)
    signed = [name for name in NEGATED if name != "institution_share"]
    assert all((part[name] * sign >= 0).all() for name in signed)
    assert ((part["account_allowed"] - part["account"]) * sign >= 0).all()
    assert ((part["family_allowed"] - part["family_account"]) * sign >= 0).all()
    _check_undone(entries, undone)
    _check_reasons(entries)


def _check_undone(entries: Array, undone: Array) -> None:
    """Check that an undo has as many parts as its settlement, each of them the negated one."""
    links = entries["link"]
    assert np.array_equal(links["position"], np.arange(1, len(entries) + 1))
    taken_back = links["undoes"][undone]
    assert len(set(taken_back.tolist())) == len(taken_back)
    originals = entries[taken_back - 1]
    assert (originals["link"]["kind"] == EntryKind.SETTLEMENT).all()
    for name in ("part", "parts"):
        assert np.array_equal(originals["link"][name], links[name][undone])
    for name in NEGATED:
        assert np.array_equal(originals["result"][name], -entries["result"][name][undone])


def _check_reasons(entries: Array) -> None:
    """Check that what is excluded as a whole gets nothing, and that no refusal is journalled."""
    result = entries["result"]
    settled = entries["link"]["kind"] == EntryKind.SETTLEMENT
    reasons = result["reason"][settled]
    assert ((reasons == Reason.NONE) | (reasons >= EXCLUSION_FIRST)).all()
    # A part of the bill that somebody is liable for does not take a package away.
    package = result["cite_standard_price"] > 0
    excluded = settled & (result["reason"] > 0) & (result["in_scope"] == 0) & ~package
    assert not result["pooled_fund"][excluded].any()
    assert not result["large_amount_fund"][excluded].any()


def check_counters(run: Run, world: World) -> None:
    """Check every counter of every year against openings and entries, booked by benefit alone."""
    booked: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for opening in world.openings:
        if isinstance(opening, Opening):
            booked[opening.member, opening.year] += Counter(
                ordinary=opening.ordinary_paid_fen,
                chronic=opening.chronic_paid_fen,
                special=opening.special_deductible_fen,
                **_apart(opening.benefit_deductible_fen, opening.benefit_paid_fen),
                pooled=opening.pooled_paid_fen,
                burden=opening.compliant_burden_fen,
                large=opening.large_amount_paid_fen,
                **dict(opening.disease_paid_fen),
            )
    spent: Counter[str] = Counter()
    for segment in run.store.journal:
        if segment.kind == SegmentKind.ENTRIES:
            for entry, text in segment.entry_texts():
                if entry["link"]["kind"] != EntryKind.TOMBSTONE:
                    member = world.members[int(entry["claim"]["member"])].id
                    year = booked[member, int(entry["row"]["year"])]
                    city = world.members[int(entry["claim"]["member"])].city
                    year.update(_booked(entry, text.disease, city))
                    spent[member] += int(entry["result"]["account"])
                    if entry["claim"]["payer"] >= 0:
                        payer = world.members[int(entry["claim"]["payer"])].id
                        spent[payer] += int(entry["result"]["family_account"])
    opened = {o.member: o.balance_fen for o in world.openings if not isinstance(o, Opening)}
    for (member, policy_year), expected in booked.items():
        now = counters(run, member, policy_year)
        found = Counter(
            ordinary=now.ordinary_paid_fen,
            chronic=now.chronic_paid_fen,
            special=now.special_deductible_fen,
            **_apart(now.benefit_deductible, now.benefit_paid),
            pooled=now.pooled_paid_fen,
            burden=now.compliant_burden_fen,
            large=now.large_amount_paid_fen,
            **dict(now.diseases),
        )
        assert +found == +expected, (member, policy_year)
    for member in spent:
        now = counters(run, member, 2024)
        assert now.account_balance_fen == opened.get(member, 0) - spent[member] >= 0


def _apart(borne: Iterable[tuple[int, int]], paid: Iterable[tuple[int, int]]) -> dict[str, int]:
    """Return the counters that benefits have for themselves."""
    return {f"borne {n}": fen for n, fen in borne} | {f"paid {n}": fen for n, fen in paid}


COUNT_PAID = {
    JINAN: (Benefit.SPECIAL,),
    ZIBO: (Benefit.SPECIAL,),
    SUIZHOU: (Benefit.SPECIAL, Benefit.DUAL_CHANNEL),
}
"""Benefits whose payments have a cap of the year, beside ordinary and chronic care."""


def _booked(entry: np.void, disease: str, city: str) -> dict[str, int]:
    """Return what an entry adds to the counters of its year."""
    result, benefit = entry["result"], Benefit(entry["row"]["benefit"])
    paid = int(result["pooled_fund"])
    found = {
        "pooled": int(result["pooled_counted"]),
        "burden": int(result["burden_counted"]),
        "large": int(result["large_amount_fund"]),
    }
    if benefit == Benefit.ORDINARY:
        found["ordinary"] = paid
    elif benefit == Benefit.CHRONIC:
        found["chronic"] = paid
        if city == CHANGCHUN:
            found[disease] = paid
    else:
        assert city not in {CHANGCHUN, SUIZHOU} or found["pooled"] == paid
        if city == CHANGCHUN and benefit == Benefit.SPECIAL:
            found["special"] = int(result["deductible"])
    if benefit in APART.get(city, ()):
        found[f"borne {int(benefit)}"] = int(result["deductible"])
    if benefit in COUNT_PAID.get(city, ()):
        found[f"paid {int(benefit)}"] = paid
    return found


def tally(run: Run, world: World) -> Counter[str]:
    """Return how often each kind of answer came, by name, as `CHRONIC` or `refused NO_FIGURE`."""
    found: Counter[str] = Counter()
    for (name, n), answer in run.answers.items():
        assert isinstance(answer, tuple)
        kind = world.acts[name][n].kind
        if answer[0] == "refused":
            found[f"refused {answer[1].name}" if kind != "preview" else "preview refused"] += 1
        elif answer[0] == "undone":
            found["undone again" if answer[1] else f"{kind} done"] += 1
            found["undone in parts"] += len(answer[2]) > 1 and not answer[1]
        elif answer[0] == "settled" and kind != "preview" and not answer[1]:
            found["settled"] += 1
            found["itemised"] += bool(world.acts[name][n].claim.lines)
            found[f"parts {len(answer[2])}"] += 1
            for each in answer[2]:
                found[Benefit(each.benefit).name] += 1
        else:
            found["previewed" if kind == "preview" else f"{answer[0]} again or none"] += 1
    _tally_entries(found, entries_of(run))
    return found


def _tally_entries(found: Counter[str], entries: Array) -> None:
    """Count what decided settlements: reasons of exclusion, and each cap that cut."""
    settled = entries[entries["link"]["kind"] == EntryKind.SETTLEMENT]
    result = settled["result"]
    for reason in result["reason"].tolist():
        if reason:
            found[f"excluded {Reason(reason).name}"] += 1
    for reason in result["family_reason"].tolist():
        if reason:
            found[f"family {Reason(reason).name}"] += 1
    for name in (
        *CUTS,
        "first_pay",
        "large_amount_fund",
        "account",
        "family_account",
        "institution_share",
    ):
        found[name] += int(np.count_nonzero(result[name]))
    found["above the bracket"] += int(np.count_nonzero(result["cost_before"] >= 2_000_000))
    found["institution bears"] += int(np.count_nonzero(result["institution_share"] > 0))
