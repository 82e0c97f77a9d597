"""How the rules are checked on Google Cloud, a module per table; a check is named after its rule."""
