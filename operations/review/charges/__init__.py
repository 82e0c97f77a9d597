"""What each type of resource is charged for, and how much of it: a table per subject and cloud."""
