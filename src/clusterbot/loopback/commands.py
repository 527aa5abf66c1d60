"""Application commands: the form in which a bot registers them, and the rules that Discord holds them to."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, RootModel, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from clusterbot.loopback.forms import Body
from clusterbot.loopback.refusals import Refusal, read_form

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER, NUMBER = 1, 2, 3, 4, 10
MAX_COMMANDS = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
MAX_CHARACTERS = 8000
LOCALES = frozenset(
    [
        "id",
        "da",
        "de",
        "en-GB",
        "en-US",
        "es-ES",
        "es-419",
        "fr",
        "hr",
        "it",
        "lt",
        "hu",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "fi",
        "sv-SE",
        "vi",
        "tr",
        "cs",
        "el",
        "bg",
        "ru",
        "uk",
        "hi",
        "th",
        "zh-CN",
        "ja",
        "zh-TW",
        "ko",
    ]
)


def _command_name(name: str) -> str:
    """Hold a name to `^[-_'\\p{L}\\p{N}\\p{sc=Deva}\\p{sc=Thai}]{1,32}$`, lower case where there is one."""
    allowed = all(char in "-_'" or unicodedata.category(char)[0] in "LN" or _is_deva_or_thai(char) for char in name)
    if not allowed or name != name.lower():
        raise PydanticCustomError("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return name


def _is_deva_or_thai(char: str) -> bool:
    return unicodedata.name(char, "").startswith(("DEVANAGARI", "THAI"))


def _written(permissions: object) -> object:
    """Take a number as well as its digits, as Discord does."""
    return str(permissions) if isinstance(permissions, int) else permissions


def _known_locales(texts: Mapping[str, str]) -> Mapping[str, str]:
    for locale in texts:
        if locale not in LOCALES:
            raise PydanticCustomError("ENUM_TYPE_COERCE", f'Value "{locale}" is not a valid enum value.')
    return texts


Permissions = Annotated[str, BeforeValidator(_written), StringConstraints(pattern=r"^\d+$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=32), AfterValidator(_command_name)]
MenuName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32)]
Description = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Names = Annotated[dict[str, Name], AfterValidator(_known_locales)]
MenuNames = Annotated[dict[str, MenuName], AfterValidator(_known_locales)]
Descriptions = Annotated[dict[str, Description], AfterValidator(_known_locales)]


class Choice(Body):
    name: Description
    name_localizations: Descriptions | None = None
    value: Annotated[str, StringConstraints(max_length=100)] | int | float

    def longest(self) -> int:
        return _longest(self.name, self.name_localizations) + (len(self.value) if isinstance(self.value, str) else 0)


class Option(Body):
    type: int = Field(ge=1, le=11)
    name: Name
    name_localizations: Names | None = None
    description: Description
    description_localizations: Descriptions | None = None
    required: bool = False
    choices: list[Choice] = Field(default_factory=list, max_length=25)
    options: list[Option] = Field(default_factory=list, max_length=25)
    channel_types: list[int] | None = None
    min_value: float | None = None
    max_value: float | None = None
    min_length: int | None = Field(None, ge=0, le=6000)
    max_length: int | None = Field(None, ge=1, le=6000)
    autocomplete: bool = False

    @model_validator(mode="after")
    def _parts_agree(self) -> Option:
        if self.autocomplete and self.choices:
            raise PydanticCustomError(
                "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", "autocomplete and choices exclude each other"
            )
        if (self.autocomplete or self.choices) and self.type not in (STRING, INTEGER, NUMBER):
            raise PydanticCustomError("APPLICATION_COMMAND_OPTIONS_CHOICES_TYPE", "This type of option takes no choices")
        if self.options and self.type not in (SUB_COMMAND, SUB_COMMAND_GROUP):
            raise PydanticCustomError("APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Only a sub-command takes options")
        _check_options(self.options)
        _refuse_twins([choice.name for choice in self.choices], "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_DUPLICATED")
        return self

    def longest(self) -> int:
        own = _longest(self.name, self.name_localizations) + _longest(self.description, self.description_localizations)
        return own + sum(one.longest() for one in self.choices) + sum(one.longest() for one in self.options)

    def label(self, locale: str) -> str:
        """Return the name that a person reads."""
        return (self.name_localizations or {}).get(locale, self.name)


class _Registered(Body):
    default_member_permissions: Permissions | None = None
    dm_permission: bool | None = None
    contexts: list[Literal[0, 1, 2]] | None = None
    integration_types: list[Literal[0, 1]] | None = None
    nsfw: bool = False


class SlashCommand(_Registered):
    type: Literal[1] = 1
    name: Name
    name_localizations: Names | None = None
    description: Description
    description_localizations: Descriptions | None = None
    options: list[Option] = Field(default_factory=list, max_length=25)

    @model_validator(mode="after")
    def _is_a_whole(self) -> SlashCommand:
        _check_options(self.options)
        own = _longest(self.name, self.name_localizations) + _longest(self.description, self.description_localizations)
        if own + sum(option.longest() for option in self.options) > MAX_CHARACTERS:
            raise PydanticCustomError("APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({MAX_CHARACTERS})")
        return self


class MenuCommand(_Registered):
    type: Literal[2, 3]
    name: MenuName
    name_localizations: MenuNames | None = None
    description: Literal[""] = ""
    options: list[Any] = Field(default_factory=list, max_length=0)


Command = SlashCommand | MenuCommand


class _Bodies(RootModel[list[dict[str, Any]]]):
    """A list of commands, not yet read."""


def read_command(body: Mapping[str, Any], place: tuple[str | int, ...] = ()) -> Command:
    """Read one command.

    Raises:
        Refusal: it breaks a rule.
    """
    if body.get("type") in (USER, MESSAGE):
        return read_form(MenuCommand, body, place)
    return read_form(SlashCommand, body, place)


def read_commands(bodies: object) -> list[Command]:
    """Read all commands of a scope.

    Raises:
        Refusal: one breaks a rule, two have one name, or there are too many.
    """
    commands = [read_command(body, (place,)) for place, body in enumerate(read_form(_Bodies, bodies).root)]
    for kind, count in Counter(command.type for command in commands).items():
        if count > MAX_COMMANDS[kind]:
            raise Refusal(400, 30032, f"Maximum number of application commands reached ({MAX_COMMANDS[kind]}).")
    if max(Counter((command.type, command.name) for command in commands).values(), default=0) > 1:
        raise Refusal(400, 40041, "An application command with that name already exists")
    return commands


def label(command: Command, locale: str) -> str:
    """Return the name of a command that a person reads."""
    return (command.name_localizations or {}).get(locale, command.name)


def walk(command: SlashCommand) -> Iterator[tuple[tuple[Option, ...], list[Option]]]:
    """Yield each thing that can be called: the sub-commands that lead to it, and its options."""
    groups = [option for option in command.options if option.type in (SUB_COMMAND, SUB_COMMAND_GROUP)]
    if not groups:
        yield (), command.options
    for group in groups:
        if group.type == SUB_COMMAND:
            yield (group,), group.options
        for below in group.options if group.type == SUB_COMMAND_GROUP else ():
            yield (group, below), below.options


def _longest(text: str, localizations: Mapping[str, str] | None) -> int:
    """Return how much a text counts: as its longest localisation."""
    return max(len(one) for one in [text, *(localizations or {}).values()])


def _check_options(options: list[Option]) -> None:
    _refuse_twins([option.name for option in options], "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED")
    for before, after in pairwise(options):
        if after.required and not before.required:
            raise PydanticCustomError(
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed before non-required options"
            )
    if len({option.type in (SUB_COMMAND, SUB_COMMAND_GROUP) for option in options}) > 1:
        raise PydanticCustomError(
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other types",
        )


def _refuse_twins(names: list[str], code: str) -> None:
    if len(set(names)) < len(names):
        raise PydanticCustomError(code, "Names must be unique")
