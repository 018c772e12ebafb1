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


@pytest.mark.parametrize("called", ["flights/3", "3", "live", "flights/live"])
def test_a_version_has_several_names(history, called):
    assert lineage.find(history.data, called, "flights") == ("flights", 3)


@pytest.mark.parametrize("called", ["4", "previous", "trains/1", "", "/", "../flights/1", "³"])
def test_what_is_no_version_is_told_with_those_that_are(history, called):
    with pytest.raises(LineageError, match="must be a version of"):
        lineage.find(history.data, called, "flights")


def test_what_a_version_is_now(history):
    decided = {one.version: one for one in lineage.decisions(history.data, "flights")}
    labels = lineage.labels(history.data, "flights")
    assert labels == {"live": 3}
    assert lineage.state(decided[3], ["live"]) == "live"
    assert lineage.state(decided[2], []) == "rejected"
    assert lineage.state(decided[1], []) == "was live"
    assert lineage.state(None, []) == "candidate"
