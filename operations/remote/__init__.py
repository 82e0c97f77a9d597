"""Commands that run inside a stack in a cloud, watched from here."""
