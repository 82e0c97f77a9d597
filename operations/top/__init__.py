"""What a database spends its time on: statements by total time, and what runs at this moment."""
