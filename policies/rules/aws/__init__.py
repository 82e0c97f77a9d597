"""How the rules are checked on AWS, a module per table; a check is named after its rule."""
