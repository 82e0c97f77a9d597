"""What an operator or a pipeline runs: ``python -m operations <command>``."""
