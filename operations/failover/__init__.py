"""Changing who writes: ``failover``, ``switchover``, and ``promote``, which makes a reader a database of its own."""
