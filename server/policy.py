"""PolicyService: the rules that decide, and the figures that the operator supplies."""

from collections.abc import Sequence

from engine.domain.codes import Benefit
from engine.domain.dates import to_date
from engine.domain.reasons import Reason
from engine.domain.request import Accepted, ItemError, Refused, SupplyFigures
from engine.errors import InvalidInput, RuleFileError
from engine.pipeline import Pipeline
from engine.rules.book import PlanBook
from engine.rules.figures import load_figures, to_json
from engine.rules.plan import ClaimClass, RulePlan
from gongji.v1 import policy_service_pb2 as pb
from server.codec import check_known, encode_error, encode_refusal, parse
from server.codec_policy import (
    check_day,
    encode_city,
    encode_missing,
    encode_plan,
    figures_to_toml,
    list_plans,
    refusing_line,
)
from server.service import Host
from server.stream import Context

DIGEST_BYTES = 32


class PolicyService:
    """The rules of every city."""

    descriptor = pb.DESCRIPTOR.services_by_name["PolicyService"]

    def __init__(self, host: Host) -> None:
        self._batcher = host.batcher

    async def ListPolicies(self, data: bytes, _: Context) -> bytes:
        """List every dated version of the rules."""
        message = parse(pb.ListPoliciesRequest, data)

        def listed(pipeline: Pipeline) -> pb.Policies:
            book = pipeline.book
            return pb.Policies(
                cities=[
                    encode_city(book.cities[area], book.versions(area))
                    for area in _areas(book, message.city)
                ]
            )

        try:
            check_known(message, data)
            policies = await self._batcher.answer(listed)
        except InvalidInput as error:
            return pb.ListPoliciesResponse(error=encode_error(error)).SerializeToString()
        return pb.ListPoliciesResponse(policies=policies).SerializeToString()

    async def GetPlan(self, data: bytes, _: Context) -> bytes:
        """Return a plan by its digest."""
        message = parse(pb.GetPlanRequest, data)
        digest = message.digest

        def found(pipeline: Pipeline) -> RulePlan:
            plan = pipeline.plan(digest) or _current(pipeline.book, digest)
            if plan is None:
                raise InvalidInput("digest", "no plan with this digest decided anything here")
            return plan

        try:
            check_known(message, data)
            if len(digest) != DIGEST_BYTES:
                raise InvalidInput("digest", f"expected {DIGEST_BYTES} bytes, found {len(digest)}")
            plan = await self._batcher.answer(found)
        except InvalidInput as error:
            return pb.GetPlanResponse(error=encode_error(error)).SerializeToString()
        encoded = encode_plan(plan, self._batcher.cities.get(plan.city))
        return pb.GetPlanResponse(plan=encoded).SerializeToString()

    async def FindPlan(self, data: bytes, _: Context) -> bytes:
        """Return the plan that decides for a city, a day and a benefit."""
        message = parse(pb.FindPlanRequest, data)
        day, benefit = message.service_date, message.benefit or Benefit.ORDINARY

        def found(pipeline: Pipeline) -> RulePlan | Refused:
            book = pipeline.book
            city = book.city(message.city)
            served = benefit != Benefit.EMERGENCY or book.serves(city.area, benefit)
            claim = ClaimClass(benefit if served else Benefit.ORDINARY)
            plan = book.plan_for(city.area, day, claim)
            if plan is None:
                return _no_rule(book, message)
            line = refusing_line(plan, benefit)
            if line is None:
                return plan
            clauses = plan.citations[line.citation].clauses
            return Refused(
                Reason(line.reason),
                message="；".join(clause.text for clause in clauses if clause.text),
                figure=line.figure,
                plan_digest=plan.digest(),
                citation=line.citation,
            )

        try:
            check_known(message, data)
            check_day("service_date", day)
            plan = await self._batcher.answer(found)
        except InvalidInput as error:
            return pb.FindPlanResponse(error=encode_error(error)).SerializeToString()
        if isinstance(plan, Refused):
            return pb.FindPlanResponse(refused=encode_refusal(plan)).SerializeToString()
        encoded = encode_plan(plan, self._batcher.cities.get(plan.city))
        return pb.FindPlanResponse(plan=encoded).SerializeToString()

    async def ListPlans(self, data: bytes, _: Context) -> bytes:
        """List the plans that decide for a city on a day."""
        message = parse(pb.ListPlansRequest, data)
        answer = pb.ListPlansResponse

        def listed(pipeline: Pipeline) -> pb.Plans | Refused:
            plans = list_plans(pipeline.book, message.city, message.service_date, message.benefit)
            return plans if plans.plans else _no_rule(pipeline.book, message)

        try:
            check_known(message, data)
            check_day("service_date", message.service_date)
            plans = await self._batcher.answer(listed)
        except InvalidInput as error:
            return answer(error=encode_error(error)).SerializeToString()
        if isinstance(plans, Refused):
            return answer(refused=encode_refusal(plans)).SerializeToString()
        return answer(plans=plans).SerializeToString()

    async def SupplyFigures(self, data: bytes, _: Context) -> bytes:
        """Supply operator figures."""
        message = parse(pb.SupplyFiguresRequest, data)
        answer = pb.SupplyFiguresResponse
        try:
            check_known(message, data)
            figures = load_figures(_toml(message), self._batcher.cities)
        except InvalidInput as error:
            return answer(error=encode_error(error)).SerializeToString()
        except RuleFileError as error:
            problem = InvalidInput(error.path, error.problem)
            return answer(error=encode_error(problem)).SerializeToString()
        reply = await self._batcher.answer(SupplyFigures(to_json(figures)))
        if isinstance(reply, ItemError):
            return answer(error=encode_error(reply)).SerializeToString()
        count = reply.count if isinstance(reply, Accepted) else 0
        return answer(supplied=pb.Supplied(count=count)).SerializeToString()

    async def ListMissingFigures(self, data: bytes, _: Context) -> bytes:
        """List what nobody has supplied."""
        message = parse(pb.ListMissingFiguresRequest, data)

        def listed(pipeline: Pipeline) -> pb.MissingFigures:
            book = pipeline.book
            return pb.MissingFigures(
                figures=[
                    encode_missing(area, missing)
                    for area in _areas(book, message.city)
                    for missing in book.missing(area)
                ]
            )

        try:
            check_known(message, data)
            missing = await self._batcher.answer(listed)
        except InvalidInput as error:
            return pb.ListMissingFiguresResponse(error=encode_error(error)).SerializeToString()
        return pb.ListMissingFiguresResponse(missing=missing).SerializeToString()


def _no_rule(book: PlanBook, message: pb.FindPlanRequest | pb.ListPlansRequest) -> Refused:
    name, day = book.city(message.city).name, to_date(message.service_date)
    return Refused(Reason.NO_RULE, message=f"no document of {name} is in force on {day}")


def _areas(book: PlanBook, city: str) -> Sequence[str]:
    """Return the area code of a city, or of all."""
    return [book.city(city).area] if city else sorted(book.cities)


def _current(book: PlanBook, digest: bytes) -> RulePlan | None:
    """Return a plan of today's rules that has decided nothing yet."""
    plans = (plan for area in book.cities for plan in book.all_versions(area))
    return next((plan for plan in plans if plan.digest() == digest), None)


def _toml(message: pb.SupplyFiguresRequest) -> bytes:
    match message.WhichOneof("source"):
        case "toml":
            return message.toml
        case "figures":
            return figures_to_toml(message.figures.figures)
        case _:
            raise InvalidInput("source", "is missing; give toml or figures")
