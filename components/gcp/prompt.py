"""What a person types to get a psql prompt."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from components.environment import Connection


def psql_command(connection: Connection, instance: gcp.sql.DatabaseInstance, *, project: pulumi.Input[str]) -> pulumi.Output[str]:
    """The admin's prompt, from inside the network only (a VM, a VPN). The password is in no argument.

    It fetches the server's CA first, because that belongs to this one instance.
    """
    return pulumi.Output.format(
        "gcloud sql instances describe {name} --project {project} --format='value(serverCaCert.cert)' > {name}.pem && "
        "PGPASSWORD=$(gcloud secrets versions access latest --project {project} --secret {secret} | jq -r .password) "
        "psql 'host={host} port={port} dbname={database} user={user} sslmode={mode} sslrootcert={name}.pem'",
        name=instance.name,
        project=project,
        secret=connection.admin.secret_id.apply(_short),
        host=connection.host,
        port=connection.port,
        database=connection.database,
        user=connection.admin.username,
        mode=connection.ssl_mode,
    )


def _short(secret: str | None) -> str:
    """Last part of a secret's resource name, which is what gcloud takes."""
    return str(secret).rpartition("/")[2]
