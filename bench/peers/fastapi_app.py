"""The same model behind FastAPI as its documentation has it: a pydantic model of a row, rows in, JSON out."""

import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, create_model

from bundle import version
from bundle.contract import columns_of

model = version.load(Path(os.environ["BENCH_VERSION"])).model
fields: dict[str, Any] = {
    column.name: (float | None if column.type == "number" else str | None, ...) for column in model.contract.inputs
}
Row = create_model("Row", **fields)


class Request(BaseModel):
    """Rows to answer."""

    instances: list[Row]  # type: ignore[valid-type]


app = FastAPI()


@app.post("/predict")
async def predict(request: Request) -> dict[str, Any]:
    """Answer each row."""
    answers = model.predict(columns_of([dict(row) for row in request.instances], model.contract))
    names = [output.name for output in model.contract.outputs]
    rows = zip(*(answers[name].tolist() for name in names), strict=True)
    return {"predictions": [dict(zip(names, row, strict=True)) for row in rows]}
