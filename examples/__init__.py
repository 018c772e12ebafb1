"""Programs to learn from, and to show."""
