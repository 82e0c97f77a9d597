"""Bringing a server with data to its wanted settings: start, reload or restart, whatever is least; back again if it fails."""

from __future__ import annotations

import time

from components.local.host import ports
from components.local.host.errors import LocalError
from components.local.host.files import write_file
from components.local.host.postgres import configuration, election, postmaster
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.server import Server

REPLAY_SECONDS = 15
"""How long a standby is given to replay the primary's reduction of a setting."""


def settle(cluster: Cluster, server: Server) -> None:
    """Make *server* run with the settings of its spec. Running with them already: nothing happens.

    A change is checked by PostgreSQL's own parser, then reloaded; the server restarts only for settings that need it.

    :raises LocalError: a value is refused; the server then runs on with the old settings.
    """
    peers = [peer.spec for peer in cluster.peers(server.spec)]
    wanted = configuration.effective(server.spec, peers)
    text = configuration.render(wanted)
    running = server.process() is not None
    if running and applied(server) == text:
        return
    if applied(server) != text:
        configuration.validate(text, spec=server.spec, binaries=server.binaries, account=server.account)
    if running and postmaster.place(server.spec.data) != (server.spec.address, server.spec.port):
        ports.require_free(server.spec.address, server.spec.port, key="database.port")
    floors = configuration.floors_over(wanted, server.control()) if server.is_standby() else {}
    if floors:
        # The primary comes first when a setting shrinks: a standby refuses to run with less than the WAL it replays.
        _change(server, configuration.render(configuration.effective(server.spec, peers, floors)))
        _lower_primary(cluster, server)
        _await_floors(server, wanted)
    _change(server, text)
    write_file(server.spec.folder / "applied.conf", text)


def applied(server: Server) -> str | None:
    """The configuration that the server was last brought to in full, or None."""
    path = server.spec.folder / "applied.conf"
    return path.read_text() if path.exists() else None


def _change(server: Server, text: str) -> None:
    file = server.spec.data / "managed.conf"
    before = file.read_text() if file.exists() else None
    configuration.write(server.spec.data, text, server.account)
    try:
        if server.process() is None:
            server.start()
        else:
            _reload(server)
    except LocalError as error:
        if before is None or before == text:
            raise
        configuration.write(server.spec.data, before, server.account)
        _recover(server)
        raise LocalError(_blame(str(error), before, text)) from None


def _reload(server: Server) -> None:
    server.reload()
    with server.connect() as connection:
        pending = {str(row[0]) for row in connection.execute("select name from pg_settings where pending_restart")}
        problems = connection.execute("select name, error from pg_file_settings where error is not null").fetchall()
    refused = [f"{name}: {error}" for name, error in problems if name not in pending]
    if refused:
        raise LocalError(f"PostgreSQL {server.spec.node} refuses {'; '.join(refused)}.")
    if pending:
        server.restart()


def _recover(server: Server) -> None:
    if server.process() is None:
        server.start()
    else:
        server.reload()


def _blame(reason: str, before: str, after: str) -> str:
    old, new = configuration.parse(before), configuration.parse(after)
    names = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    return f"database.parameters: the change of {', '.join(names)} failed and the old values are back: {reason}"


def _lower_primary(cluster: Cluster, server: Server) -> None:
    primary = election.primary(cluster)
    if primary is None or primary.process() is None:
        raise LocalError(f"{server.spec.node} cannot shrink its settings while no primary runs; bring the primary back first.")
    shrunk = primary.with_parameters(server.spec.parameters)
    write_file(primary.spec.folder / "node.json", shrunk.spec.to_json())
    settle(cluster, shrunk)


def _await_floors(server: Server, wanted: dict[str, str]) -> None:
    deadline = time.monotonic() + REPLAY_SECONDS
    while configuration.floors_over(wanted, server.control()):
        if time.monotonic() > deadline:
            raise LocalError(f"{server.spec.node} did not follow its primary in {REPLAY_SECONDS} seconds; see {server.spec.log}.")
        time.sleep(0.1)
