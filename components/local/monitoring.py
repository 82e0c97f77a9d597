"""Local monitoring: one folder of logs, and the thresholds that ``make status`` holds the database against."""

from __future__ import annotations

import pulumi

from components.contract import Monitoring, MonitoringArgs
from components.local.place import place


class LocalMonitoring(Monitoring):
    """Where the logs are, and when ``make status`` complains. Nobody is called on a laptop."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        thresholds = {
            "connections_percent": args.settings.connections_percent,
            "replica_lag_seconds": args.settings.replica_lag_seconds,
            "transaction_id_percent": args.settings.transaction_id_percent,
        }
        self.finish(
            logs=pulumi.Output.from_input(str(place().logs)),
            alarms=pulumi.Output.from_input(thresholds),
        )
