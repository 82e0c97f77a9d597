"""The rules, a table per subject; ``aws`` and ``gcp`` hold how each cloud's resources are checked."""
