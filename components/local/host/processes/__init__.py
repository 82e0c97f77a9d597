"""Supervised processes, jobs, schedules and the cache server."""
