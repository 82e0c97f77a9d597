"""Dynamic Pulumi providers of the local cloud: thin wrappers around ``components.local.host``."""
