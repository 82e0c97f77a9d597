"""What really runs on this machine: servers, processes, files. Nothing here imports Pulumi."""
