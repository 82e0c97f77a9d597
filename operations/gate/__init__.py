"""What a real preview would do to data, judged before it may be done."""
