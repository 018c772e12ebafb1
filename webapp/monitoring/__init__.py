"""What became of the answers: the log of predictions."""
