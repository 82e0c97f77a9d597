"""The cache: Memorystore for Redis or Valkey, TLS only, reachable only by whom it grants."""

from __future__ import annotations

import pulumi

from components.contract import Cache, CacheArgs, Workload
from components.environment import Access
from components.gcp.component import GcpComponent
from components.gcp.network import GcpNetwork
from components.gcp.redis import Redis
from components.gcp.secret import Secret
from components.gcp.valkey import Valkey

SERVERS: dict[str, type[Redis | Valkey]] = {"redis": Redis, "valkey": Valkey}
CA_FILE = "/etc/managed-postgres/cache-ca/ca.pem"
"""Where containers find the authority of the server's certificate: one that Google made for this instance only."""


class GcpCache(GcpComponent, Cache):
    """One server of the kind that the settings name, its certificate authority in Secret Manager, and who may use it."""

    server: Redis | Valkey
    """``instance``, its ``name`` as metrics say it, ``host``, ``port``, ``ca``."""

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        assert isinstance(args.network, GcpNetwork)
        self.network = args.network
        self.server = server = SERVERS[args.settings.engine](self, args.scope, args.settings)
        # No secret, but what Cloud Run mounts as a file is one.
        self._ca = Secret(self, "cache-ca", scope=args.scope, value=server.ca, stamp=server.ca)
        self.finish(address=pulumi.Output.format("{0}:{1}", server.host, server.port))

    def grant_connect(self, workload: Workload) -> Access:
        server, network = self.server, self.network
        own = Access(
            environment={
                "REDIS_HOST": server.host,
                "REDIS_PORT": pulumi.Output.format("{0}", server.port),
                "REDIS_TLS": "true",
                "REDIS_SSL_ROOT_CERT": CA_FILE,
            },
            files={CA_FILE: self._ca.ref()},
            after=[
                *network.open(workload, self.name, addresses=[server.host], ports=[server.port]),
                self._ca.grant(network, workload),
            ],
        )
        return own.merged(server.login(workload))
