"""``python -m pipeline``: questions to what the pipeline has made."""

from pipeline.commands import pipeline

if __name__ == "__main__":
    pipeline(prog_name="python -m pipeline")
