"""What a stack's resources say of access: who can connect to what, and which identity may read which secret or bucket."""
