"""What a person types to get a psql prompt."""

from __future__ import annotations

import pulumi

from components.environment import Connection


def psql_command(connection: Connection, region: str) -> pulumi.Output[str]:
    """The admin's prompt, from inside the network only (a container's shell, a VPN). The password is in no argument."""
    # '!' in the name of a secret that RDS made would call bash's history, were it not in single quotes.
    return pulumi.Output.format(
        "PGPASSWORD=$(aws secretsmanager get-secret-value --region {region} --secret-id '{secret}' "
        "--query SecretString --output text | jq -r .password) psql 'host={host} port={port} dbname={name} user={user} "
        "sslmode={mode} sslrootcert={ca}'",
        region=region,
        secret=connection.admin.secret_id,
        host=connection.host,
        port=connection.port,
        name=connection.database,
        user=connection.admin.username,
        mode=connection.ssl_mode,
        ca=connection.ca,
    )
