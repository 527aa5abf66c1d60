"""What Discord refuses, and in which words: status, code, message, and for a form the nested object of its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Json = dict[str, Any]
Form = TypeVar("Form", bound=BaseModel)

_UNKNOWN = {"Channel": 10003, "Guild": 10004, "Message": 10008, "User": 10013, "Webhook": 10015, "Interaction": 10062}
_UNKNOWN["Application Command"] = 10063


class Refusal(Exception):
    """A request that Discord answers with an error."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.payload: Json = {"message": message, "code": code, **({"errors": errors} if errors else {})}


def unknown(what: str) -> Refusal:
    """Return the refusal of what doesn't exist, or no longer."""
    return Refusal(404, _UNKNOWN[what], f"Unknown {what}")


def missing_permissions() -> Refusal:
    """Return the refusal of what the bot's permissions don't allow."""
    return Refusal(403, 50013, "Missing Permissions")


def missing_access() -> Refusal:
    """Return the refusal of a channel that the bot can't see."""
    return Refusal(403, 50001, "Missing Access")


def bad_form(errors: Mapping[tuple[str | int, ...], tuple[str, str]]) -> Refusal:
    """Return the refusal of a form; `errors` maps the place of each to its code and message."""
    nested: Json = {}
    for place, (code, message) in errors.items():
        here = nested
        for part in place:
            here = here.setdefault(str(part), {})
        here.setdefault("_errors", []).append({"code": code, "message": message})
    return Refusal(400, 50035, "Invalid Form Body", nested)


def read_form(form: type[Form], body: object, place: Sequence[str | int] = ()) -> Form:
    """Read a body as a form.

    Raises:
        Refusal: it breaks a rule; each rule that it breaks is named at its place, below `place`.
    """
    try:
        return form.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    raise bad_form({(*place, *_place(one)): _told(one) for one in found})


def _place(error: ErrorDetails) -> list[str | int]:
    """Return where an error is; the tags of unions (`~2`) are ours, not the sender's."""
    return [part for part in error["loc"] if not str(part).startswith("~")]


def _told(error: ErrorDetails) -> tuple[str, str]:
    """Return Discord's code and message for an error.

    Where a text has a least and a greatest length, Discord names both in one code (BASE_TYPE_BAD_LENGTH); which fields it does
    that for is nowhere written, so that here each bound has its own.
    """
    kind, context = error["type"], error.get("ctx", {})
    if kind.isupper():
        return kind, error["msg"]
    match kind:
        case "missing" | "none_required":
            return "BASE_TYPE_REQUIRED", "This field is required"
        case "string_too_short" | "too_short" if context["min_length"] == 1:
            return "BASE_TYPE_REQUIRED", "This field is required"
        case "string_too_short" | "too_short":
            return "BASE_TYPE_MIN_LENGTH", f"Must be {context['min_length']} or more in length."
        case "string_too_long" | "too_long":
            return "BASE_TYPE_MAX_LENGTH", f"Must be {context['max_length']} or fewer in length."
        case "greater_than_equal":
            return "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {context['ge']}."
        case "less_than_equal":
            return "NUMBER_TYPE_MAX", f"int value should be less than or equal to {context['le']}."
        case "literal_error" | "union_tag_invalid":
            expected = context.get("expected") or context["expected_tags"].replace("~", "")
            return "BASE_TYPE_CHOICES", f"Value must be one of {expected}."
        case _:
            return "BASE_TYPE_BAD_TYPE", error["msg"]
