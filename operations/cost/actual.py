"""What was really charged: AWS Cost Explorer by the stack's tags. Google Cloud tells costs through an export to BigQuery only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from operations.engine.checkout import Checkout
from operations.errors import OperationError, Refused

TAGS = ("app", "stack")
"""Every resource of a stack carries them (components/names.py); on Google Cloud as labels."""
REGION = "us-east-1"
"""Where Cost Explorer answers, for all regions."""


@dataclass(frozen=True, kw_only=True)
class Charged:
    """US dollars that one service of the provider was charged for in a month, or in the part of it that is over."""

    month: date
    """Its first day."""
    service: str
    """In the provider's words."""
    amount: float
    final: bool
    """The bill is closed; otherwise it may still change."""


def charged(checkout: Checkout, stack: str, today: date | None = None) -> tuple[Charged, ...]:
    """What *stack* was charged for in the month before and in this one, the newest first, then the dearest.

    Raises Refused for providers that tell no costs, OperationError where the account does not, or knows nothing of the stack.
    """
    from operations.review.graph import config_of

    checkout.require(stack)
    provider = checkout.provider(stack)
    app = str(config_of(checkout.root, stack).get(f"{checkout.project}:app", ""))
    if provider != "aws":
        raise Refused(_no_answer(provider, app, stack))
    found = list(_ask(app, stack, today or date.today()))
    if not found:
        raise OperationError(
            f"Cost Explorer knows no cost of stack '{stack}': activate the cost allocation tags {' and '.join(TAGS)} in the "
            "billing settings of the account that pays (costs count from then on, and show a day later)."
        )
    return tuple(sorted(found, key=lambda one: (-one.month.toordinal(), -one.amount, one.service)))


def _ask(app: str, stack: str, today: date) -> Iterator[Charged]:
    import boto3  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    this = today.replace(day=1)
    values = dict(zip(TAGS, (app, stack), strict=True))
    question: dict[str, Any] = {
        "TimePeriod": {"Start": str((this - timedelta(days=1)).replace(day=1)), "End": str(today + timedelta(days=1))},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        "Filter": {"And": [{"Tags": {"Key": key, "Values": [value]}} for key, value in values.items()]},
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
    }
    try:
        client = boto3.client("ce", region_name=REGION)
        while True:
            answer = client.get_cost_and_usage(**question)
            for period in answer["ResultsByTime"]:
                yield from _period(period)
            if not answer.get("NextPageToken"):
                return
            question["NextPageToken"] = answer["NextPageToken"]
    except (BotoCoreError, ClientError) as error:
        text = " ".join(str(error).split())
        raise OperationError(
            f"Cost Explorer does not answer: {text}. It needs credentials (aws sso login) with the right ce:GetCostAndUsage, and "
            "must have been opened once in the billing console."
        ) from None


def _period(period: dict[str, Any]) -> Iterator[Charged]:
    month = date.fromisoformat(period["TimePeriod"]["Start"]).replace(day=1)
    for group in period["Groups"]:
        amount = float(group["Metrics"]["UnblendedCost"]["Amount"])
        if abs(amount) >= 0.005:
            yield Charged(month=month, service=group["Keys"][0], amount=amount, final=not period["Estimated"])


def _no_answer(provider: str, app: str, stack: str) -> str:
    if provider != "gcp":
        return f"Stack '{stack}' is charged by nobody: it runs on this machine. Leave --actual out."
    return (
        "Google Cloud tells costs through the billing export to BigQuery only, which is switched on in the billing console "
        "(Billing, Billing export). Then ask it: SELECT service.description, SUM(cost) "
        "FROM `<dataset>.gcp_billing_export_v1_<id>` "
        f"WHERE EXISTS (SELECT 1 FROM UNNEST(labels) WHERE key = 'app' AND value = '{app}') "
        f"AND EXISTS (SELECT 1 FROM UNNEST(labels) WHERE key = 'stack' AND value = '{stack}') GROUP BY 1 ORDER BY 2 DESC"
    )
