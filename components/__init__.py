"""What every cloud gives, and how each cloud gives it."""
