"""What the pipeline and the web application agree on: a model version on disk."""
