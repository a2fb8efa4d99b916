"""An answer as an instance of a type: decoded under its schema, so that it always parses.

python examples/typed_output.py
"""

import os
from datetime import date

from pydantic import BaseModel

from agentx import Agent

LETTER = """
Dear customer, thank you for your order. Our invoice number 4711 of 3 May 2026 over
two lamps at 45.00 and one desk at 230.00 is due within 14 days. Lumen Ltd, Bergen.
"""


class Item(BaseModel):
    name: str
    pieces: int
    price_each: float


class Invoice(BaseModel):
    number: int
    issued: date
    seller: str
    items: list[Item]


if __name__ == "__main__":
    agent = Agent(model=os.environ.get("AGENTX_MODEL"))
    result = agent.run_sync(f"Read this letter and give the invoice in it.\n{LETTER}", output=Invoice)
    invoice: Invoice = result.output
    print(invoice.model_dump_json(indent=2))
    print("total:", sum(item.pieces * item.price_each for item in invoice.items))
