"""A log is told now and then how far a stage is, and how long it will still take."""

from pipeline import progress


def test_it_works(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.track("tuning", 4) as advance:
        for now[0] in (4.0, 80.0, 81.0, 200.0):
            advance(1, "loss 0.5")
    assert capsys.readouterr().err.splitlines() == [
        "  tuning: 2 of 4 (1:20 left) loss 0.5",
        "  tuning: 4 of 4 loss 0.5",
    ]


def test_where_nobody_knows_how_much_there_is_none_is_told(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.track("exporting", None) as advance:
        now[0] = 6.0
        advance(1, "half")
    assert capsys.readouterr().err == "  exporting: half\n"
