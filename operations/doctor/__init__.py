"""What stands between this place and a working database, each with its mend."""
