"""Rules that look at a whole stack: what has to be there beside a database, and what only several stacks together can say."""
