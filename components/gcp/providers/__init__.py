"""Dynamic resources: what a deployment must see through Google's API. The only place of the program that calls it."""
