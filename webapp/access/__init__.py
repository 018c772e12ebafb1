"""Who may come in: tokens for programs, and passwords that must be changed."""
