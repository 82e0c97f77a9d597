"""Changed parameters: reload where that is enough, restart where it is needed, refusal where they are bad."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
import pytest

from components.local.host.errors import LocalError
from components.local.host.postgres import configuration, node
from components.local.host.postgres.spec import NodeState
from tests.support import LocalPostgres


def change(postgres: LocalPostgres, **parameters: str) -> NodeState:
    return node.ensure(postgres.with_parameters(**parameters).nodes[0])


def shown(postgres: LocalPostgres, name: str, host: str = "127.0.0.1") -> str:
    with psycopg.connect(postgres.superuser(host=host)) as session:
        row = session.execute("select current_setting(%s)", [name]).fetchone()
        assert row is not None
        return str(row[0])


def test_a_reload_is_enough_for_most(single: LocalPostgres) -> None:
    before = node.observe(single.nodes[0])
    changed = single.with_parameters(work_mem="8MB", log_min_duration_statement="500")
    assert node.observe(changed.nodes[0]).status == "outdated"
    after = node.ensure(changed.nodes[0])
    assert (after.status, after.pid) == ("running", before.pid)
    assert (shown(single, "work_mem"), shown(single, "log_min_duration_statement")) == ("8MB", "500ms")


def test_a_restart_only_where_it_is_needed(single: LocalPostgres) -> None:
    before = node.observe(single.nodes[0])
    after = change(single, max_connections="50")
    assert after.status == "running"
    assert after.pid != before.pid
    assert shown(single, "max_connections") == "50"


def test_taking_a_parameter_away_brings_the_default_back(single: LocalPostgres) -> None:
    change(single, work_mem="8MB")
    node.ensure(single.nodes[0])
    assert shown(single, "work_mem") == "4MB"


def test_libraries_are_added_to_ours(single: LocalPostgres) -> None:
    change(single, shared_preload_libraries="auto_explain", **{"auto_explain.log_min_duration": "0"})
    assert shown(single, "shared_preload_libraries") == "pg_stat_statements,auto_explain"
    assert shown(single, "auto_explain.log_min_duration") == "0"


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"work_mem": "much"}, r'PostgreSQL 17 refuses database\.parameters: .*"work_mem": "much"'),
        ({"wrok_mem": "8MB"}, r'refuses database\.parameters: unrecognized configuration parameter "wrok_mem"'),
        ({"max_connections": "-1"}, r'"max_connections"'),
        ({"port": "1234"}, r"database\.parameters: port is managed by this program; remove it; set database\.port"),
        ({"fsync": "off"}, r"database\.parameters: fsync is managed by this program; remove it\."),
        ({"work_mem = 1\nfsync": "off"}, r"is not the name of a PostgreSQL parameter"),
        ({"work_mem": "8MB'\nfsync = 'off"}, r"the value of work_mem must be one line"),
        ({"pg_stat_statements.max": "few"}, r"pg_stat_statements\.max"),
        ({"shared_preload_libraries": "no_such_library"}, r"the change of shared_preload_libraries failed .*no_such_library"),
        ({"shared_buffers": "900GB"}, r"the change of shared_buffers failed and the old values are back"),
    ],
)
def test_a_bad_one_is_refused_and_the_server_runs_on(single: LocalPostgres, parameters: Mapping[str, str], sentence: str) -> None:
    with pytest.raises(LocalError, match=sentence) as caught:
        change(single, **parameters)
    assert "\n" not in str(caught.value)
    assert node.observe(single.nodes[0]).status == "running"
    assert (shown(single, "work_mem"), shown(single, "max_connections"), shown(single, "fsync")) == ("4MB", "100", "on")


def test_a_bad_one_at_creation_leaves_nothing(single: LocalPostgres) -> None:
    spec = single.nodes[0]
    node.remove(spec)
    for parameters in ({"work_mem": "much"}, {"shared_buffers": "900GB"}):
        with pytest.raises(LocalError, match=next(iter(parameters))):
            change(single, **parameters)
        assert node.observe(spec).status == "missing"
        assert not spec.folder.exists()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["primary-first", "standby-first"])
def test_a_pair_grows_and_shrinks_in_any_order(pair: LocalPostgres, order: tuple[int, int]) -> None:
    for value in ("120", "60"):
        changed = pair.with_parameters(max_connections=value)
        for index in order:
            node.ensure(changed.nodes[index])
        assert {shown(pair, "max_connections", host) for host in pair.hosts} == {value}
        assert [node.observe(spec).status for spec in changed.nodes] == ["running", "running"]


def test_quotes_and_backslashes_survive(single: LocalPostgres) -> None:
    change(single, log_line_prefix="it's \\ %m ")
    assert shown(single, "log_line_prefix") == "it's \\ %m "


def test_rendering_can_be_read_back(single: LocalPostgres) -> None:
    settings = configuration.effective(single.nodes[0], [])
    assert configuration.parse(configuration.render(settings)).keys() == settings.keys()
