"""The tables of the Google Cloud checks' tests."""
