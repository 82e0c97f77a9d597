"""Unix cron becomes AWS's, at the same moments; schedules start tasks with the least rights."""

from __future__ import annotations

import calendar
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import assume, given
from hypothesis import strategies as st

from components.aws.cron import aws_cron
from tests.components.aws.stack import aws_stack


def fires(expression: str, moment: datetime) -> bool:
    """Whether AWS runs *expression* at *moment*, after the table of the EventBridge Scheduler user guide."""
    match = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) \*\)", expression)
    assert match, expression
    minute, hour, day, month, weekday = match.groups()
    assert [day, weekday].count("?") == 1, "AWS wants '?' in one of the two day fields"
    return (
        _in(minute, moment.minute)
        and _in(hour, moment.hour)
        and _in(month, moment.month)
        and (_day(day, moment) if weekday == "?" else _weekday(weekday, moment))
    )


def _in(field: str, value: int) -> bool:
    for part in field.split(","):
        low, _, high = part.partition("-")
        if part == "*" or int(low) <= value <= int(high or low):
            return True
    return False


def _day(field: str, moment: datetime) -> bool:
    return moment.day == calendar.monthrange(moment.year, moment.month)[1] if field == "L" else _in(field, moment.day)


def _weekday(field: str, moment: datetime) -> bool:
    today = moment.isoweekday() % 7 + 1  # Sunday is 1
    if field.endswith("L"):
        return today == int(field[:-1]) and (moment + timedelta(days=7)).month != moment.month
    if "#" in field:
        day, number = field.split("#")
        return today == int(day) and (moment.day - 1) // 7 + 1 == int(number)
    return _in(field, today)


def _element(low: int, high: int) -> st.SearchStrategy[str]:
    one = st.integers(low, high)
    pairs = st.tuples(one, one).map(sorted).map(lambda pair: f"{pair[0]}-{pair[1]}")
    return st.one_of(
        one.map(str), pairs, st.tuples(st.one_of(pairs, st.just("*")), st.integers(1, 20)).map(lambda p: f"{p[0]}/{p[1]}")
    )


def _unix_field(low: int, high: int, *special: str) -> st.SearchStrategy[str]:
    parts = st.lists(_element(low, high), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), parts, *(st.just(value) for value in special))


MINUTES, HOURS, MONTHS = _unix_field(0, 59), _unix_field(0, 23), _unix_field(1, 12, "JAN,JUL", "feb-apr")
DAYS = _unix_field(1, 31, "L")
WEEKDAYS = _unix_field(0, 7, "MON-FRI", "sun", "5L", "0#1", "7#2", "SAT#5")
DAY_PAIRS = st.one_of(st.tuples(DAYS, st.just("*")), st.tuples(st.just("*"), WEEKDAYS))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)


@given(MINUTES, HOURS, DAY_PAIRS, MONTHS, MOMENTS)
def test_aws_fires_when_unix_cron_does(minute: str, hour: str, days: tuple[str, str], month: str, moment: datetime) -> None:
    unix = f"{minute} {hour} {days[0]} {month} {days[1]}"
    try:
        following = next(CronSim(unix, moment))
    except (CronSimError, StopIteration):
        assume(False)
    expression = aws_cron(unix)
    assert len(expression) <= 256, "AWS takes no longer one"
    near = [following + step for step in (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7))]
    for at in (following, moment, *near):
        expected = next(CronSim(unix, at - timedelta(minutes=1))) == at
        assert fires(expression, at) == expected, f"{unix} -> {expression} at {at:%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("unix", "aws"),
    [
        ("0 3 * * *", "cron(0 3 * * ? *)"),
        ("0 5 1 * *", "cron(0 5 1 * ? *)"),
        ("*/15 9-17 * * 1-5", "cron(0,15,30,45 9-17 ? * 2-6 *)"),
        ("0 0 * * 0", "cron(0 0 ? * 1 *)"),
        ("0 0 * * 7", "cron(0 0 ? * 1 *)"),
        ("0 0 * * 0-6", "cron(0 0 * * ? *)"),
        ("30 4 L * *", "cron(30 4 L * ? *)"),
        ("0 0 * * fri#2", "cron(0 0 ? * 6#2 *)"),
    ],
)
def test_examples(unix: str, aws: str) -> None:
    assert aws_cron(unix) == aws


@pytest.mark.parametrize(
    ("unix", "says"),
    [
        ("0 0 1 * 1", "AWS takes one of them, put '\\*' for the other"),
        ("0 0 LW * *", "AWS takes 'L' alone"),
        ("0 0 1,L * *", "AWS takes 'L' alone"),
        ("0 0 * * 1#1,3#1", "AWS takes such a day alone"),
    ],
)
def test_what_aws_cannot_say_is_one_sentence(unix: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as raised:
        aws_cron(unix)
    assert "\n" not in str(raised.value)


def test_a_scheduled_job_runs_its_task_in_private_subnets() -> None:
    schedule = aws_stack().of_type(":Schedule")["job-report-schedule"].inputs
    assert schedule["scheduleExpression"] == "cron(0 1 * * ? *)"
    assert schedule["scheduleExpressionTimezone"] == "Asia/Tokyo"
    assert schedule["flexibleTimeWindow"] == {"mode": "OFF"}
    target = schedule["target"]["ecsParameters"]
    assert target["networkConfiguration"]["assignPublicIp"] is False
    assert target["networkConfiguration"]["subnets"]
    assert len(target["networkConfiguration"]["securityGroups"]) == 2
    assert target["propagateTags"] == "TASK_DEFINITION"


def test_the_scheduler_may_start_this_task_and_nothing_else() -> None:
    policy = next(
        resource.inputs["policy"]
        for name, resource in aws_stack().of_type(":RolePolicy").items()
        if name.startswith("job-report-schedule")
    )
    rights = {statement["Action"][0]: statement for statement in json.loads(policy)["Statement"]}
    assert set(rights) == {"ecs:RunTask", "ecs:TagResource", "iam:PassRole", "kms:Decrypt"}
    assert "*" not in [resource for right in rights.values() for resource in right["Resource"]]
    assert rights["ecs:RunTask"]["Condition"]["ArnEquals"]["ecs:cluster"]
    assert rights["iam:PassRole"]["Condition"]["StringEquals"]["iam:PassedToService"] == "ecs-tasks.amazonaws.com"


def test_a_run_that_cannot_start_is_an_alarm() -> None:
    alarms = aws_stack().of_type(":MetricAlarm")
    for name in ("job-report-schedule", "backups-create", "backups-drill"):
        alarm = alarms[f"{name}-not-started"].inputs
        assert alarm["metricName"] == "InvocationDroppedCount"
        group = aws_stack().of_type(":ScheduleGroup")[f"{name}-group"].inputs["name"]
        assert alarm["dimensions"] == {"ScheduleGroup": group}
        assert alarm["alarmActions"][0].endswith(":shop-dev-alarms")
