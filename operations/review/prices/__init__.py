"""What things cost: versioned tables, and the command that refreshes them from the clouds' own price lists."""
