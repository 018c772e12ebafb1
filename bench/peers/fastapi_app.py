"""The model behind FastAPI as its documentation has it: a pydantic model of a row, rows in, JSON out."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, create_model

from bench.peers import model

KINDS: dict[str, Any] = {"number": (float | None, ...), "category": (str | None, ...)}
Row = create_model("Row", **{name: KINDS[kind] for name, kind in model.COLUMNS.items()})


class Request(BaseModel):
    """Rows to answer."""

    instances: list[Row]  # type: ignore[valid-type]


app = FastAPI()


@app.post("/predict")
async def predict(request: Request) -> dict[str, Any]:
    """Answer each row."""
    return {"predictions": model.predict([row.model_dump() for row in request.instances])}
