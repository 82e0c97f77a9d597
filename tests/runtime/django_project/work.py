"""A Django process: writes a user, reads it, asks both databases who they are, and prints all that as JSON."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import django  # type: ignore[import-untyped]
from django.db import connections, models  # type: ignore[import-untyped]

django.setup()


class User(models.Model):  # type: ignore[misc]
    user_id = models.UUIDField(primary_key=True)
    email = models.CharField(max_length=255)
    username = models.CharField(max_length=50)
    password_hash = models.CharField(max_length=255)

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "users"


def session(alias: str) -> dict[str, Any]:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT current_user, pg_is_in_recovery(), host(inet_server_addr()), ssl, pg_backend_pid()"
            " FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        )
        user, standby, address, ssl, pid = cursor.fetchone()
    raw = connections[alias].connection
    parameters = raw.info.get_parameters()
    with socket.fromfd(raw.fileno(), socket.AF_INET, socket.SOCK_STREAM) as handle:
        keepalive = [handle.getsockopt(socket.IPPROTO_TCP, name) for name in (4, 5, 6)]  # idle, interval, count
    tls = [ssl, parameters["sslmode"], parameters["sslrootcert"]]
    return {"user": user, "standby": standby, "address": address, "tls": tls, "keepalive": keepalive, "pid": pid}


user_id = "00000000-0000-4000-8000-00000000d1a0"
User.objects.create(user_id=user_id, email="django@example.com", username="django", password_hash="!")
deadline = time.monotonic() + 60
while not (read := list(User.objects.filter(user_id=user_id))):  # the standby follows
    assert time.monotonic() < deadline
    time.sleep(0.02)
User.objects.filter(user_id=user_id).update(username="changed")
found = {alias: session(alias) for alias in connections}
again = {alias: session(alias) for alias in connections}
print(
    json.dumps(
        {
            "default": found["default"],
            "reader": found["reader"],
            "read_from": read[0]._state.db,
            "persistent": [found[alias]["pid"] == again[alias]["pid"] for alias in connections],
            "max_age": [connections[alias].settings_dict["CONN_MAX_AGE"] for alias in connections],
            "health_checks": [connections[alias].settings_dict["CONN_HEALTH_CHECKS"] for alias in connections],
        }
    )
)
