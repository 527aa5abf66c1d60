"""What Discord's own application lets a person put into a command, a select or a modal, and how it sends it."""

from __future__ import annotations

from clusterbot.loopback.commands import CHAT_INPUT, INTEGER, NUMBER, STRING, Option, SlashCommand
from clusterbot.loopback.forms import TextInput
from clusterbot.loopback.refusals import Json
from clusterbot.loopback.world import File

BOOLEAN, ATTACHMENT = 5, 11
MAX_FILE_BYTES = 500 << 20  # for those who pay; 10 MB for all others
VALUES: dict[int, tuple[type, ...]] = {
    **{STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)},
    ATTACHMENT: (File,),
}
TEXT_INPUT, LABEL = 4, 18


class CannotDo(AssertionError):
    """Discord's application wouldn't let a person do that."""


def command_data(command_id: int, command: SlashCommand, path: tuple[Option, ...], options: list[Json]) -> Json:
    for step in reversed(path):
        options = [{"name": step.name, "type": step.type, "options": options}]
    return {"id": str(command_id), "name": command.name, "type": CHAT_INPUT, "options": options}


def sent_value(value: object) -> object:
    """Return what stands for a value in what is sent: of a file its id."""
    return str(value.id) if isinstance(value, File) else value


def check_value(option: Option, value: object) -> None:
    kinds = VALUES.get(option.type)
    if kinds is None:
        raise CannotDo(f"the loopback doesn't play options of type {option.type}")
    if not isinstance(value, kinds) or (isinstance(value, bool) and option.type != BOOLEAN):
        raise CannotDo(f"{option.name} doesn't take {value!r}")
    if option.choices and value not in [choice.value for choice in option.choices]:
        raise CannotDo(f"{option.name} is one of {[choice.value for choice in option.choices]}")
    if isinstance(value, File) and len(value.content) > MAX_FILE_BYTES:
        raise CannotDo(f"{value.name} is too large to be attached")
    if isinstance(value, str) and not (option.min_length or 0) <= len(value) <= (option.max_length or 6000):
        raise CannotDo(f"{option.name} has {option.min_length or 0} to {option.max_length or 6000} characters, not {len(value)}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = option.min_value, option.max_value
        if (low is not None and value < low) or (high is not None and value > high):
            raise CannotDo(f"{option.name} doesn't take {value}")


def option_value(part: Json, name: str) -> str:
    for option in part["options"]:
        if name in (option["label"], option["value"]):
            return str(option["value"])
    raise CannotDo(f"there is no {name!r} to choose, only {', '.join(option['label'] for option in part['options'])}")


def check_field(text: str, field: object, value: str | list[str] | None) -> None:
    if not isinstance(field, TextInput):
        return
    written = value if isinstance(value, str) else field.value or ""
    if not written and field.required:
        raise CannotDo(f"{text!r} is required")
    if written and not field.min_length <= len(written) <= field.max_length:
        raise CannotDo(f"{text!r} has {field.min_length} to {field.max_length} characters, not {len(written)}")


def filled(row: Json, values: dict[str, str | list[str]]) -> Json:
    """Return a row of a modal as it comes back: each field with its custom id and what was put in."""
    fields = row.get("components") or ([row["component"]] if "component" in row else [])
    told = []
    for one in fields:
        value = values.get(one["custom_id"], one.get("value", "") if one["type"] == 4 else [])
        told.append({"type": one["type"], "custom_id": one["custom_id"], "value" if one["type"] == 4 else "values": value})
    if row["type"] == 18:
        return {"type": 18, "component": told[0]}
    return {"type": row["type"], **({"components": told} if told else {})}
