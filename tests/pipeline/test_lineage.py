"""A version's receipts are a graph, read from its own folder alone."""

import shutil

import pytest

from pipeline import lineage, receipts
from pipeline.errors import LineageError
from tests.pipeline.history import sha256


def test_it_works(history):
    line = lineage.read(history.folder(3))
    assert line.published.stage == "Publish"
    assert [(file.source, file.sha256) for file in line.raw.values()] == [
        ("flights", sha256("UA 1545")),
        ("weather", sha256("rain")),
    ]
    assert line.graph["Evaluate"] == {"Features", "Train"}
    assert line.graph["Collect weather"] == {f"{history.raw}/weather.csv {sha256('rain')}"}


def test_what_is_behind_another_input_anyway_is_left_out(history):
    reduced = lineage.read(history.folder(3)).reduced
    assert reduced["Publish"] == {"Evaluate"}
    assert reduced["Evaluate"] == {"Train"}
    assert reduced["Features"] == {"Clean flights", "Clean weather"}


def test_no_other_folder_is_needed(history, tmp_path):
    copy = shutil.copytree(history.folder(2), tmp_path / "elsewhere")
    shutil.rmtree(history.data)
    assert len(lineage.read(copy).steps) == 8


def test_an_input_that_was_made_anew_with_the_same_content_is_the_same_input(history):
    folder = history.folder(1)
    chain = receipts.read_chain(folder)
    anew = [step.model_copy(update={"key": sha256("anew")}) if step.stage == "Features" else step for step in chain]
    receipts.write_chain(anew, folder)
    assert "Features" in lineage.read(folder).graph["Train"]


@pytest.mark.parametrize("gone", [receipts.NAME, receipts.CHAIN])
def test_a_version_without_its_receipts_has_no_lineage(history, gone):
    (history.folder(1) / gone).unlink()
    with pytest.raises(LineageError, match="must have the receipts that it was made by"):
        lineage.read(history.folder(1))


def test_a_chain_that_lacks_a_link_is_none(history):
    folder = history.folder(1)
    receipts.write_chain([step for step in receipts.read_chain(folder) if step.stage != "Features"], folder)
    with pytest.raises(LineageError, match=r"it lacks flights/features/[0-9a-f]{64}\.$"):
        lineage.read(folder)
