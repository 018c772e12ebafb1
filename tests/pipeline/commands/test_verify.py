"""A chain that holds, and chains that were broken for real: the first wrong link is named, and what rests on it."""

import json
import os
import shutil

import pytest
from click.testing import CliRunner

from pipeline.commands import pipeline
from pipeline.verification import verify


def look(small, *versions, full=False):
    return verify(small.data, versions, full=full, sha256=small.looking.index.sha256)


def name(small, stage, title):
    return f"{title} {small.result(stage).name[:8]}"


def rewrite(path, **fields):
    """Change fields of a receipt, and nothing else."""
    told = json.loads(path.read_text())
    assert all(told[field] != value for field, value in fields.items())
    path.write_text(json.dumps(told | fields))


def test_it_works(small):
    found = look(small)
    assert found.holds
    assert (found.links, found.folders, found.left_aside) == (4, 4, ())


@pytest.mark.parametrize("full", [False, True])
def test_a_byte_is_found_and_all_that_rests_on_it_is_named(small, full):
    path = small.result("add") / "sum"
    path.write_text("14")
    [broken] = look(small, full=full).broken
    folder = small.result("add").relative_to(small.data)
    assert broken.link == name(small, "add", "Add")
    assert broken.faults == (f"{folder}: sum is not the file that was made",)
    assert broken.rests_on_it == (name(small, "double", "Double"), "models/small/1")


def test_a_byte_that_the_index_can_t_see_is_found_by_reading_all(small, monkeypatch):
    """The times of an inode can't be set back, so the index is made to believe."""
    path = small.result("land") / "rows"
    status = path.stat()
    before = small.looking.index
    path.write_text("1\n2\n3\n5\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    digest = json.loads((path.parent / "receipt.json").read_text())["files"]["rows"]["sha256"]
    believing = lambda one: digest if one == path else before.sha256(one)  # noqa: E731
    assert verify(small.data, [], full=False, sha256=believing).holds
    [broken] = verify(small.data, [], full=True, sha256=believing).broken
    assert broken.link == name(small, "land", "Land trips")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"settings": {"seed": 4}}, "the key is not that of its stage, settings, code, libraries and inputs"),
        ({"content": "0" * 64}, "the content is not that of the files it names"),
        ({"key": "0" * 64}, "the receipt is of another key, 00000000"),
        ({"notes": ["nothing to see"]}, "differ in notes"),
        ({"made_by": "nobody"}, "differ in made_by"),
    ],
)
def test_an_edited_receipt_is_found_whatever_it_says(small, fields, why):
    rewrite(small.result("add") / "receipt.json", **fields)
    [broken] = look(small).broken
    assert broken.link == name(small, "add", "Add")
    assert any(fault.endswith(why) for fault in broken.faults), broken.faults
    assert "models/small/1" in broken.rests_on_it


def test_an_edited_link_is_found(small):
    path = small.result("add") / "receipt.json"
    made_from = json.loads(path.read_text())["made_from"]
    made_from["rows"]["content"] = "0" * 64
    rewrite(path, made_from=made_from)
    [broken] = look(small).broken
    assert any("says that it made something else" in fault for fault in broken.faults), broken.faults


def test_the_first_of_two_wrong_links_is_named(small):
    for stage in ("double", "land"):
        next(path for path in small.result(stage).iterdir() if path.name != "receipt.json").write_text("0")
    [broken] = look(small).broken
    assert broken.link == name(small, "land", "Land trips")


def test_two_chains_that_are_broken_are_told_in_the_order_of_making(small):
    (small.version / "model").write_text("0")
    small.edit("problems/small.toml", "seed = 3", "seed = 4")
    small.make()
    (small.version.with_name("2") / "model").write_text("0")
    assert [one.link for one in look(small).broken] == ["models/small/1", "models/small/2"]


@pytest.mark.parametrize("harm", ["half", "gone", "empty"])
def test_a_receipt_that_can_t_be_read_is_a_wrong_link(small, harm):
    path = small.result("land") / "receipt.json"
    if harm == "gone":
        path.unlink()
    else:
        path.write_text(path.read_text()[:100] if harm == "half" else "")
    [broken] = look(small).broken
    assert broken.link == name(small, "land", "Land trips")
    assert len(broken.rests_on_it) == 3


def test_a_result_that_is_gone_breaks_no_chain_that_a_version_tells(small):
    shutil.rmtree(small.result("add"))
    assert look(small).holds


def test_a_result_that_is_gone_breaks_what_no_version_tells(small):
    shutil.rmtree(small.data / "models")
    folder = small.result("add")
    shutil.rmtree(folder)
    [broken] = look(small).broken
    assert broken.link == name(small, "double", "Double")
    [fault] = broken.faults
    assert fault.endswith(f"sum was made from small/add/{folder.name}, of which nothing is left")


def test_what_was_made_again_with_the_same_content_is_the_same_link(small):
    small.edit("trips.csv", "1\n2\n", "2\n1\n")
    small.make()
    [old] = (path for path in (small.data / "small" / "add").iterdir() if path != small_add(small))
    shutil.rmtree(old)
    shutil.rmtree(small.version)
    assert look(small).holds


def small_add(small):
    return small.data / small.last.requires()["sum"].output().folder.relative_to(small.data)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("model", "model is not the file that was made"),
        ("assets.extra/manifest.json", "must be a manifest, and is not"),
        ("assets.extra/lineage.json", "assets.extra/lineage.json can't be read"),
    ],
)
def test_a_version_is_held_against_its_manifest_and_its_lineage(small, path, why):
    (small.version / path).write_text("{")
    [broken] = look(small, small.version).broken
    assert broken.link == "models/small/1"
    assert any(why in fault for fault in broken.faults), broken.faults


def test_what_is_served_must_be_what_was_approved(small):
    pointer = small.data / "serving" / "small.json"
    pointer.parent.mkdir()
    pointer.write_text(json.dumps({"pointer": {"name": "small", "served": {"1": "0" * 64, "2": "0" * 64}}}))
    [broken] = look(small).broken
    assert broken.link == "serving/small.json"
    assert broken.faults == (
        "the manifest of models/small/1 is not the one that was approved",
        "it serves models/small/2, which is not there",
    )


def test_one_version_is_checked_with_what_is_behind_it_and_no_more(small):
    small.edit("problems/small.toml", "seed = 3", "seed = 4")
    small.make()
    (small.data / small.last.output().folder.relative_to(small.data) / "model").write_text("0")
    assert not look(small).holds
    assert look(small, small.version).holds
    assert not look(small, small.version.with_name("2")).holds


def test_kept_code_that_was_changed_is_told(small):
    entry = next((small.data / "code").glob("*.py"))
    entry.write_text(entry.read_text() + "\nmore = 1\n")
    assert look(small).code == (f"code/{entry.name}",)
    assert not look(small).holds


def test_what_is_left_aside_is_told_and_breaks_nothing(small):
    left = small.data / "small" / "add" / ".0123.aside"
    left.mkdir()
    (left / "sum").write_text("7")
    found = look(small)
    assert found.left_aside == ("small/add/.0123.aside",)
    assert found.holds


def test_receipts_that_speak_of_each_other_in_a_circle_come_to_an_end(small):
    path = small.result("land") / "receipt.json"
    double = json.loads((small.result("double") / "receipt.json").read_text())
    made = {"path": "x", "key": double["key"], "content": double["content"]}
    rewrite(path, made_from={"raw": made})
    assert look(small).broken[0].link == name(small, "land", "Land trips")


def test_the_command_tells_and_exits_with_1(small):
    where = ["--data", str(small.data)]
    held = CliRunner().invoke(pipeline, ["verify", *where])
    assert (held.exit_code, held.output.splitlines()[-1][:16]) == (0, "The chain holds:")
    (small.result("land") / "rows").write_text("0")
    told = CliRunner().invoke(pipeline, ["verify", *where])
    assert told.exit_code == 1
    assert told.output.splitlines()[0] == name(small, "land", "Land trips")
    asked = CliRunner().invoke(pipeline, ["verify", *where, "--json", "small/1"])
    assert asked.exit_code == 1
    assert json.loads(asked.stdout)["broken"][0]["rests_on_it"][-1] == "models/small/1"
    none = CliRunner().invoke(pipeline, ["verify", *where, "small/9"])
    assert none.exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize("full", [[], ["--full"]])
def test_the_chain_of_a_whole_run_holds(first_run, full):
    place, _ = first_run
    told = CliRunner().invoke(pipeline, ["verify", "--data", str(place.folder / "data"), *full])
    assert told.exit_code == 0, told.output
