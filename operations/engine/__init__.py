"""The Pulumi engine: the CLI found or built, a stack opened, an update run and told."""
