"""The tables of the AWS checks' tests."""
