"""The plain form, for people: rows in, predictions out, with the version that made them and each class by its label."""

from webapp.serving import content, rows
from webapp.serving.answer import Answered, dumped
from webapp.serving.refusal import malformed
from webapp.serving.version import Served, by_row


def predict(served: Served, body: bytes, limit: int) -> Answered:
    """Answer ``{"rows": [{...}, ...]}``."""
    request = content.parsed(body)
    if "rows" not in request:
        raise malformed("""The body must be {"rows": [{...}, ...]}, and has no 'rows'.""")
    columns = rows.of_rows(request["rows"], "rows", served.contract, limit)
    answers = served.predict(columns)
    predictions = by_row(answers, served.outputs)
    if served.contract.classes:
        for row in predictions:
            row[served.contract.answer] = dict(zip(served.contract.classes, row[served.contract.answer], strict=True))
    told = {"model": served.name, "version": served.number, "predictions": predictions}
    return Answered(dumped(told), columns, answers)
