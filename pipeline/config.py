"""Where things are, from ``luigi.cfg`` (section ``[plumbline]``) or the command line (``--plumbline-data DIR``)."""

from pathlib import Path

import luigi


class plumbline(luigi.Config):  # type: ignore[misc]  # noqa: N801 - Luigi takes the section's name from the class
    """The settings of this installation; what a problem is stands in its problem file."""

    data = luigi.Parameter(default="data", description="the folder of everything that is made")
    problems = luigi.Parameter(default="problems", description="the folder of the problem files")


def data_folder() -> Path:
    """The folder of everything that is made."""
    return Path(plumbline().data)


def problem_file(name: str) -> Path:
    """Where the problem file of the problem called ``name`` is."""
    return Path(plumbline().problems) / f"{name}.toml"


def choose(setting: str, folder: Path | None) -> Path:
    """Take ``folder`` for a setting where one is given; where it is from now on."""
    if folder is not None:
        luigi.configuration.get_config().set("plumbline", setting, str(folder))
    return Path(getattr(plumbline(), setting))
