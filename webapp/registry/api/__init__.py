"""The registry for programs, at /api/v1/."""
