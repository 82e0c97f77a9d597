"""The way to a database on AWS: a port forwarded by Session Manager through a task with a shell, or through a machine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from psycopg.conninfo import make_conninfo

from operations.cloud.aws.calls import AwsRefused, client, doing
from operations.connect.authorities import rds_bundle
from operations.connect.tunnel import ADDRESS, free_port, require, tunnel
from operations.connect.way import Wish, as_wished, attributes
from operations.connection import conninfo_of
from operations.errors import Refused
from operations.place import Place

PLUGIN = "session-manager-plugin"
DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"
RESPONSE = "AWS_SSM_START_SESSION_RESPONSE"
"""Variable in which the plugin takes the session's token."""
OLDEST = (1, 2, 498, 0)
"""The plugin before it takes the token in its arguments only, where every user of this machine can read it (aws-cli,
customizations/sessionmanager.py)."""


@contextmanager
def tunnelled(place: Place, wish: Wish) -> Iterator[str]:
    """A connection string to the forwarded port; certificates are checked for the database's own name."""
    assert place.handles is not None
    handles = place.handles
    plugin = _plugin()
    environ = _environ(place, wish)
    host, port, local = environ["DB_HOST"], int(environ["DB_PORT"]), free_port()
    login = conninfo_of(environ)
    target = wish.through or _task(place.name, handles)
    region, here = handles["region"], {"host": [host], "portNumber": [str(port)], "localPortNumber": [str(local)]}
    asked = {"Target": target, "DocumentName": DOCUMENT, "Parameters": here}
    with doing(f"open a session through {target}", right=f"ssm:StartSession on it and on document {DOCUMENT}"):
        ssm = client("ssm", region)
        answer = ssm.start_session(**asked)
    try:
        token = json.dumps({key: answer[key] for key in ("SessionId", "TokenValue", "StreamUrl")})
        profile, endpoint = os.environ.get("AWS_PROFILE", ""), ssm.meta.endpoint_url
        command = [plugin, RESPONSE, region, "StartSession", profile, json.dumps(asked), endpoint]
        hint = f"check that {target} may reach {host} on port {port} (security groups), or name another machine with --through"
        with tunnel(command, port=local, environment={**os.environ, RESPONSE: token}, hint=hint):
            yield make_conninfo(
                login, host=host, hostaddr=ADDRESS, port=local, target_session_attrs="any" if wish.reader else attributes(wish)
            )
    finally:
        with suppress(AwsRefused), doing("end the session", right="ssm:TerminateSession"):
            ssm.terminate_session(SessionId=answer["SessionId"])


def _environ(place: Place, wish: Wish) -> dict[str, str]:
    """The contract with one host, and a CA file that is here. The application goes through the proxy where there is one."""
    assert place.handles is not None
    database, environ = place.handles["database"], as_wished(place.environ, wish)
    if wish.application and database["proxy"]:
        public = place.database
        environ |= {"DB_HOST": public["host"], "DB_READER_HOST": public["reader_host"], "DB_PORT": str(int(public["port"]))}
        environ["DB_SSL_ROOT_CERT"] = public["ca"]
        if database["proxy_iam_login"]:
            environ |= {"DB_LOGIN": "rds-iam", "DB_USER": public["username"]}
    if wish.reader:
        environ["DB_HOST"] = environ["DB_READER_HOST"].partition(",")[0]
    if environ["DB_SSL_ROOT_CERT"] != "system":
        environ["DB_SSL_ROOT_CERT"] = str(rds_bundle(environ["DB_SSL_ROOT_CERT"]))
    return environ


def _plugin() -> str:
    mend = (
        "install the Session Manager plugin of the AWS CLI (docs.aws.amazon.com/systems-manager, 'Install the Session Manager "
        "plugin'), or use the stack's output `connect` inside its network"
    )
    found = require(PLUGIN, mend=mend)
    answer = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=30).stdout.strip()
    try:
        version = tuple(int(part) for part in answer.split("."))
    except ValueError:
        version = ()
    if version < OLDEST:
        raise Refused(
            f"{found} is version {answer or 'unknown'}, which shows the session's token in the process list: "
            f"update it to {'.'.join(map(str, OLDEST))} or later."
        )
    return found


def _task(stack: str, handles: Mapping[str, Any]) -> str:
    """A running task whose shell is open, as Session Manager names it: ``ecs:<cluster>_<task>_<container's runtime id>``."""
    with doing(f"look for a task of stack {stack} to go through", right="ecs:ListTasks and ecs:DescribeTasks"):
        ecs = client("ecs", handles["region"])
        for service in handles["services"].values():
            cluster = service["cluster"]
            arns = ecs.list_tasks(cluster=cluster, serviceName=service["service"], desiredStatus="RUNNING")["taskArns"]
            tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
            for task in tasks:
                for container in task["containers"] if task.get("enableExecuteCommand") else ():
                    agents = {agent["name"]: agent["lastStatus"] for agent in container.get("managedAgents", ())}
                    if agents.get("ExecuteCommandAgent") == "RUNNING":
                        return f"ecs:{cluster}_{task['taskArn'].rpartition('/')[2]}_{container['runtimeId']}"
    raise Refused(
        f"Nothing of stack '{stack}' runs that Session Manager could go through: set `exec_access: true` on a service that uses "
        "the database and bring the stack up, or name a machine that Session Manager knows with --through i-0123...."
    )
