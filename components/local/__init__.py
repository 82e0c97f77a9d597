"""The local cloud: real servers and processes on this machine."""
