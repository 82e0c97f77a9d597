"""Priorities of the load balancer's rules."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.aws.routes import Path, priorities, specificity


def test_the_more_specific_path_is_asked_first() -> None:
    patterns = ["/api/v1/users", "/api/v1/*", "/api/*", "/api*", "/*"]
    numbers = priorities(Path(f"s{at}", "example.com", pattern) for at, pattern in enumerate(patterns))
    assert [path.pattern for path in sorted(numbers, key=lambda path: numbers[path])] == patterns
    assert specificity("/api") > specificity("/api*"), "the path itself before what begins like it"


PATHS = st.builds(
    Path,
    service=st.sampled_from(["api", "web", "admin"]),
    host=st.sampled_from(["", "a.example.com", "b.example.com"]),
    pattern=st.text("abc/*?-", min_size=0, max_size=127).map("/{}".format),
)


@given(st.sets(PATHS, max_size=100), st.randoms())
def test_priorities_are_what_an_alb_takes(paths: set[Path], random: Any) -> None:
    numbers = priorities(paths)
    assert len(set(numbers.values())) == len(paths)
    assert all(1 <= number <= 50000 for number in numbers.values())
    shuffled = list(paths)
    random.shuffle(shuffled)
    assert priorities(shuffled) == numbers
    for one_path in paths:
        assert all(
            numbers[one_path] < numbers[other] for other in paths if specificity(one_path.pattern) > specificity(other.pattern)
        )


def test_a_hundred_services_of_one_path_all_find_a_place() -> None:
    numbers = priorities(Path(f"service-{at}", f"{at}.example.com", "/*") for at in range(100))
    assert len(set(numbers.values())) == 100
