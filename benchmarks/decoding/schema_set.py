"""Twenty JSON Schemas of the kinds that tools and typed answers bring, each with a request that it suits."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose reply is JSON of a schema."""

    name: str
    request: str
    schema: dict[str, Any]


TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
YES_NO = {"type": "boolean"}


def closed(required: dict[str, Any], optional: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An object of these properties and no others."""
    properties = {**required, **(optional or {})}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def several(items: Any, least: int, most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def matching(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


_NODE = closed({"value": WHOLE}, {"next": {"$ref": "#/$defs/node"}})
_MONEY = closed({"amount": NUMBER, "currency": one_of("EUR", "USD", "GBP", "JPY")})
_PLACE = closed({"street": TEXT, "city": TEXT, "country": TEXT})
_TREE = closed({"name": TEXT}, {"children": several({"$ref": "#/$defs/branch"}, 0, 3)})

SCHEMAS = (
    Asked(
        "flat object",
        "Ann Berg is 34 years old and lives in Oslo.",
        closed({"name": TEXT, "age": WHOLE, "city": TEXT}),
    ),
    Asked(
        "enum",
        "The customer writes: my parcel arrived broken and nobody answers! Which mood, which topic?",
        closed({"mood": one_of("angry", "neutral", "happy"), "topic": one_of("delivery", "payment", "product")}),
    ),
    Asked(
        "many values of an enum",
        "The match is played in Reykjavik. Which country, which weekday if today is Monday and it is tomorrow?",
        closed(
            {
                "country": one_of("Denmark", "Finland", "Iceland", "Ireland", "Italy", "Norway", "Poland", "Sweden"),
                "weekday": one_of("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
            }
        ),
    ),
    Asked(
        "booleans",
        "The room has a window and a desk, but no heating and no lift.",
        closed({"has_window": YES_NO, "has_desk": YES_NO, "has_heating": YES_NO, "has_lift": YES_NO}),
    ),
    Asked(
        "numbers",
        "The box is 40 by 30 by 12.5 centimetres and weighs 2.75 kilograms.",
        closed({"length_cm": NUMBER, "width_cm": NUMBER, "height_cm": NUMBER, "weight_kg": NUMBER}),
    ),
    Asked(
        "numbers with bounds",
        "The film was good: four stars of five, ninety per cent would see it again.",
        closed(
            {
                "stars": {"type": "integer", "minimum": 1, "maximum": 5},
                "percent": {"type": "integer", "minimum": 0, "maximum": 100},
            }
        ),
    ),
    Asked(
        "list of strings",
        "We need flour, eggs, butter and sugar.",
        closed({"items": several(TEXT, 1, 8)}),
    ),
    Asked(
        "list of numbers",
        "The temperatures of the week were 3, 5, 8, 7, 9, 11 and 12 degrees.",
        closed({"unit": one_of("celsius", "fahrenheit"), "values": several(WHOLE, 1, 10)}),
    ),
    Asked(
        "list of objects",
        "Two tickets at 12 euros and one guide at 30 euros.",
        closed({"lines": several(closed({"article": TEXT, "quantity": WHOLE, "price": NUMBER}), 1, 4)}),
    ),
    Asked(
        "nested objects",
        "Bo Larsen, Hill Road 4, Aarhus, Denmark, is the buyer; he pays 250 kroner by card.",
        closed({"buyer": closed({"name": TEXT, "address": _PLACE}), "payment": closed({"method": TEXT})}),
    ),
    Asked(
        "optional properties",
        "A table for four at eight in the evening, by the window if you can.",
        closed({"guests": WHOLE, "time": TEXT}, {"wish": TEXT, "phone": TEXT}),
    ),
    Asked(
        "pattern of a date",
        "The contract runs from 1 March 2026 to 28 February 2027.",
        closed({"start": matching(r"^\d{4}-\d{2}-\d{2}$"), "end": matching(r"^\d{4}-\d{2}-\d{2}$")}),
    ),
    Asked(
        "pattern of a code",
        "Article AB-1234 from shelf C07 goes out.",
        closed({"article": matching("^[A-Z]{2}-[0-9]{4}$"), "shelf": matching("^[A-Z][0-9]{2}$")}),
    ),
    Asked(
        "length of a string",
        "Give a short title and one tag for a story about a lost dog that finds its way home.",
        closed(
            {"title": {"type": "string", "minLength": 3, "maxLength": 40}, "tag": {"type": "string", "maxLength": 12}}
        ),
    ),
    Asked(
        "references",
        "The bill is 80 euros, the tip 8 euros.",
        closed(
            {"bill": {"$ref": "#/$defs/money"}, "tip": {"$ref": "#/$defs/money"}},
            **{"$defs": {"money": _MONEY}},
        ),
    ),
    Asked(
        "recursion: a list",
        "A linked list of the values 4, 8 and 15.",
        closed({"head": {"$ref": "#/$defs/node"}}, **{"$defs": {"node": _NODE}}),
    ),
    Asked(
        "recursion: a tree",
        "The company has a board; under it are sales and research.",
        closed({"root": {"$ref": "#/$defs/branch"}}, **{"$defs": {"branch": _TREE}}),
    ),
    Asked(
        "anyOf of types",
        "The limit is 30, the owner is unknown.",
        closed(
            {
                "limit": {"anyOf": [WHOLE, {"type": "null"}]},
                "owner": {"anyOf": [TEXT, {"type": "null"}]},
            }
        ),
    ),
    Asked(
        "anyOf of objects",
        "Send the parcel to pick-up point 118.",
        closed(
            {
                "delivery": {
                    "anyOf": [
                        closed({"kind": {"const": "address"}, "address": _PLACE}),
                        closed({"kind": {"const": "pick_up"}, "point": WHOLE}),
                    ]
                }
            }
        ),
    ),
    Asked(
        "constants and a long key",
        "Confirm order 4711 with the newest version of the form.",
        closed(
            {
                "schema_version": {"const": "2.1"},
                "order_confirmation_number": WHOLE,
                "customer_has_accepted_terms": YES_NO,
            }
        ),
    ),
)
