"""GoRules' zen-engine: a decision of a table and expressions, evaluated claim by claim.

The counters are kept by the program around it and handed in with each claim, as a service that
asks a rule engine would do. Its numbers are decimal.
"""

import json
from itertools import pairwise
from typing import Any

import zen

from benchmarks.peers.case import Case
from benchmarks.peers.peer import Answers, tell, timed

EXPRESSIONS = {
    "charged": "min([in_scope, max([0, deductible - borne])])",
    "by_rate": "floor(((in_scope - $.charged) * rate + 5000) / 10000)",
    "fund": "min([$.by_rate, max([0, cap - paid])])",
}
_PLAIN = {"inputField": None, "outputPath": None, "executionMode": "single"}


def decision(case: Case) -> str:
    """Return the decision: a table by level and status, then the rule, as JDM."""
    inputs, outputs = ("level", "status"), ("deductible", "rate", "cap")
    fields = (*inputs, *outputs)
    rules = [
        {"_id": f"r{n}", **{name: str(value) for name, value in zip(fields, row, strict=True)}}
        for n, row in enumerate(case.tariff())
    ]
    columns = [{"id": name, "name": name, "field": name} for name in fields]
    table = {
        "hitPolicy": "first",
        "passThrough": True,
        "inputs": columns[: len(inputs)],
        "outputs": columns[len(inputs) :],
        "rules": rules,
        **_PLAIN,
    }
    expressions = [{"id": key, "key": key, "value": value} for key, value in EXPRESSIONS.items()]
    settling = {"passThrough": False, "expressions": expressions, **_PLAIN}
    nodes = [
        _node("request", "inputNode", {"schema": ""}),
        _node("tariff", "decisionTableNode", table),
        _node("settle", "expressionNode", settling),
        _node("response", "outputNode", {}),
    ]
    edges = [
        {"id": f"e{n}", "sourceId": a["id"], "targetId": b["id"], "type": "edge"}
        for n, (a, b) in enumerate(pairwise(nodes))
    ]
    return json.dumps({"nodes": nodes, "edges": edges})


def _node(name: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    position = {"x": 0, "y": 0}
    return {"id": name, "name": name, "type": kind, "content": content, "position": position}


def settle(case: Case) -> Answers:
    """Settle claim by claim."""
    engine = zen.ZenEngine()
    evaluate = engine.create_decision(decision(case)).evaluate
    borne, paid = [0] * case.members, [0] * case.members
    claims = list(zip(*map(case.column, ("member", "level", "status", "in_scope")), strict=True))
    charged, funds = [], []

    def run() -> None:
        for member, level, status, in_scope in claims:
            asked = {
                "level": level,
                "status": status,
                "in_scope": in_scope,
                "borne": borne[member],
                "paid": paid[member],
            }
            result = evaluate(asked)["result"]
            borne[member] += int(result["charged"])
            paid[member] += int(result["fund"])
            charged.append(int(result["charged"]))
            funds.append(int(result["fund"]))

    _, seconds = timed(run)
    return Answers(charged, funds, seconds, "decimal numbers; counters kept outside")


if __name__ == "__main__":
    tell("zen-engine", "decision table and expressions, claim by claim", settle, repeats=1)
