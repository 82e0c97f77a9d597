"""Dynamic resources: what a deployment must do through the AWS API. The only place of the program that calls it."""
