"""What a change would create, break and cost, told in seconds and without a cloud account."""
