"""Who has not the data of a search can't take part in it."""

from click.testing import CliRunner

from pipeline.commands import pipeline


def test_the_data_must_be_there(unmade):
    told = CliRunner().invoke(pipeline, ["trials", "--problem", "small"])
    assert told.exit_code == 2
    assert "must hold what Encode made of small: run `luigi --module pipeline Encode` first." in told.stderr
