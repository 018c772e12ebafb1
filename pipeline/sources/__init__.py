"""Where tables come from: each module reads one kind of source as Arrow tables, and knows nothing of stages."""
