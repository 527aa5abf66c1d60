"""What a bot may send, as forms: messages with embeds, buttons and selects, and modals, each with Discord's limits.

Unknown keys are left out, as Discord does. Lengths are counted in Unicode code points; in which unit Discord counts is not
written down. Not played: components version 2 in messages, polls, stickers.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic_core import PydanticCustomError

MAX_EMBED_TOTAL = 6000
EPHEMERAL = 1 << 6
COMPONENTS_V2 = 1 << 15
LINK, PREMIUM = 5, 6


def _bounds(longest: int, shortest: int = 0) -> StringConstraints:
    """Bound the length of a text, blanks at its ends cut off."""
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


def _address(value: object) -> object:
    if isinstance(value, str) and not value.lower().startswith(("http://", "https://", "discord://", "attachment://")):
        raise PydanticCustomError("URL_TYPE_INVALID_SCHEME", 'Scheme must be one of ("http", "https", "discord").')
    return value


CustomId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Address = Annotated[str, BeforeValidator(_address), StringConstraints(max_length=2048)]
Title256 = Annotated[str, _bounds(256, 1)]
Label45 = Annotated[str, _bounds(45, 1)]
Label100 = Annotated[str, _bounds(100, 1)]


class Body(BaseModel):
    """A form; what it doesn't know it leaves out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def to_json(self) -> dict[str, Any]:
        """Return what is kept of the form."""
        return self.model_dump(mode="json", exclude_none=True)


class EmbedField(Body):
    name: Title256
    value: Annotated[str, _bounds(1024, 1)]
    inline: bool = False


class EmbedFooter(Body):
    text: Annotated[str, _bounds(2048, 1)]
    icon_url: Address | None = None


class EmbedAuthor(Body):
    name: Title256
    url: Address | None = None
    icon_url: Address | None = None


class EmbedImage(Body):
    url: Address


class Embed(Body):
    type: Literal["rich"] = "rich"
    title: Annotated[str, _bounds(256)] | None = None
    description: Annotated[str, _bounds(4096)] | None = None
    url: Address | None = None
    timestamp: str | None = None
    color: int | None = Field(None, ge=0, le=0xFFFFFF)
    footer: EmbedFooter | None = None
    author: EmbedAuthor | None = None
    image: EmbedImage | None = None
    thumbnail: EmbedImage | None = None
    fields: list[EmbedField] = Field(default_factory=list, max_length=25)

    @model_validator(mode="after")
    def _holds_something(self) -> Embed:
        if not (self.title or self.description or self.fields or self.footer or self.author or self.image or self.thumbnail):
            raise PydanticCustomError("BASE_TYPE_REQUIRED", "This field is required")
        return self

    def size(self) -> int:
        """Return how many characters count towards the limit of a message."""
        parts = [self.title or "", self.description or ""]
        parts += [self.footer.text if self.footer else "", self.author.name if self.author else ""]
        parts += [text for one in self.fields for text in (one.name, one.value)]
        return sum(map(len, parts))


class Emoji(Body):
    id: str | None = None
    name: str | None = None
    animated: bool | None = None


class Button(Body):
    type: Literal[2]
    style: int = Field(ge=1, le=PREMIUM)
    label: Annotated[str, _bounds(80)] | None = None
    emoji: Emoji | None = None
    custom_id: CustomId | None = None
    url: Annotated[Address, StringConstraints(max_length=512)] | None = None
    disabled: bool = False

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Button:
        if self.style == LINK and (self.url is None or self.custom_id is not None):
            raise PydanticCustomError("BUTTON_COMPONENT_INVALID_LINK", "A link button needs a url and takes no custom id")
        if self.style != LINK and (self.custom_id is None or self.url is not None):
            raise PydanticCustomError("BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A button needs a custom id and takes no url")
        if not self.label and self.emoji is None:
            raise PydanticCustomError("BUTTON_COMPONENT_LABEL_REQUIRED", "A button needs a label or an emoji")
        return self


class SelectOption(Body):
    label: Label100
    value: Label100
    description: Annotated[str, _bounds(100)] | None = None
    emoji: Emoji | None = None
    default: bool = False


class _Select(Body):
    custom_id: CustomId
    placeholder: Annotated[str, _bounds(150)] | None = None
    min_values: int = Field(1, ge=0, le=25)
    max_values: int = Field(1, ge=1, le=25)
    disabled: bool = False
    required: bool = True

    @model_validator(mode="after")
    def _least_is_below_most(self) -> _Select:
        if self.min_values > self.max_values:
            raise PydanticCustomError("SELECT_COMPONENT_MAX_VALUES_TOO_SMALL", "max_values must be at least min_values")
        return self


class StringSelect(_Select):
    type: Literal[3]
    options: list[SelectOption] = Field(min_length=1, max_length=25)

    @model_validator(mode="after")
    def _options_differ(self) -> StringSelect:
        if len({option.value for option in self.options}) < len(self.options):
            raise PydanticCustomError("SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
        return self


class EntitySelect(_Select):
    """People, roles, both, or channels."""

    type: Literal[5, 6, 7, 8]


class TextInput(Body):
    type: Literal[4]
    custom_id: CustomId
    style: Literal[1, 2]
    label: Label45 | None = None
    min_length: int = Field(0, ge=0, le=4000)
    max_length: int = Field(4000, ge=1, le=4000)
    required: bool = True
    value: Annotated[str, _bounds(4000)] | None = None
    placeholder: Annotated[str, _bounds(100)] | None = None


class TextDisplay(Body):
    type: Literal[10]
    content: Annotated[str, _bounds(4000, 1)]


def _tag(value: object) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return "~5" if kind in (5, 6, 7, 8) else f"~{kind}"


Pressable = Annotated[
    Annotated[Button, Tag("~2")] | Annotated[StringSelect, Tag("~3")] | Annotated[EntitySelect, Tag("~5")], Discriminator(_tag)
]
Fillable = Annotated[
    Annotated[TextInput, Tag("~4")] | Annotated[StringSelect, Tag("~3")] | Annotated[EntitySelect, Tag("~5")], Discriminator(_tag)
]


class ActionRow(Body):
    """Up to five buttons, or one select."""

    type: Literal[1]
    components: list[Pressable] = Field(min_length=1, max_length=5)

    @model_validator(mode="after")
    def _is_not_too_wide(self) -> ActionRow:
        if len(self.components) > 1 and any(not isinstance(one, Button) for one in self.components):
            raise PydanticCustomError("COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
        return self


class InputRow(Body):
    """The old frame of a modal's field; its label stands in the field itself."""

    type: Literal[1]
    components: list[Annotated[Annotated[TextInput, Tag("~4")], Discriminator(_tag)]] = Field(min_length=1, max_length=1)

    @model_validator(mode="after")
    def _has_a_label(self) -> InputRow:
        if self.components[0].label is None:
            raise PydanticCustomError("BASE_TYPE_REQUIRED", "This field is required")
        return self


class Label(Body):
    """The frame of a modal's field."""

    type: Literal[18]
    label: Label45
    description: Annotated[str, _bounds(100)] | None = None
    component: Fillable


class Modal(Body):
    custom_id: CustomId
    title: Label45
    components: list[
        Annotated[
            Annotated[InputRow, Tag("~1")] | Annotated[Label, Tag("~18")] | Annotated[TextDisplay, Tag("~10")], Discriminator(_tag)
        ]
    ] = Field(min_length=1, max_length=5)

    def inputs(self) -> list[tuple[str, TextInput | StringSelect | EntitySelect]]:
        """Return the fields that a person fills in, each with its label."""
        rows = [(one.components[0].label or "", one.components[0]) for one in self.components if isinstance(one, InputRow)]
        return [*rows, *((one.label, one.component) for one in self.components if isinstance(one, Label))]

    @model_validator(mode="after")
    def _ids_differ(self) -> Modal:
        _refuse_twins([one.custom_id for _, one in self.inputs()])
        return self


class AllowedMentions(Body):
    parse: list[Literal["users", "roles", "everyone"]] | None = None
    users: list[int] = Field(default_factory=list, max_length=100)
    roles: list[int] = Field(default_factory=list, max_length=100)
    replied_user: bool = False

    @model_validator(mode="after")
    def _says_it_once(self) -> AllowedMentions:
        for kind in ("users", "roles"):
            if kind in (self.parse or ()) and getattr(self, kind):
                code = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
                raise PydanticCustomError(code, f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.')
        return self


class Reference(Body):
    message_id: int
    channel_id: int | None = None
    fail_if_not_exists: bool = True


class MessageBody(Body):
    """A message to be sent, or the changes to one: `model_fields_set` tells which."""

    content: Annotated[str, _bounds(2000)] | None = None
    embeds: list[Embed] | None = Field(None, max_length=10)
    components: list[ActionRow] | None = Field(None, max_length=5)
    allowed_mentions: AllowedMentions | None = None
    flags: int | None = Field(None, ge=0)
    message_reference: Reference | None = None
    tts: bool = False
    attachments: list[dict[str, Any]] | None = Field(None, max_length=10)  # read_json tells of each what it keeps

    @model_validator(mode="after")
    def _fits_as_a_whole(self) -> MessageBody:
        if sum(embed.size() for embed in self.embeds or ()) > MAX_EMBED_TOTAL:
            raise PydanticCustomError("MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_EMBED_TOTAL}")
        parts = [one for row in self.components or () for one in row.components]
        _refuse_twins([one.custom_id for one in parts if one.custom_id is not None])
        return self

    def is_empty(self) -> bool:
        """Say whether nothing would be seen of it."""
        return not (self.content or self.embeds or self.components or self.attachments)


def _refuse_twins(custom_ids: list[str]) -> None:
    if len(set(custom_ids)) < len(custom_ids):
        raise PydanticCustomError("COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
