"""Settings: one frozen object, read from the environment and `.env`; builds nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from clusterbot.errors import UsageError

PREFIX = "CLUSTERBOT_"
RULES, RULES_AND_READING = "rules", "bundled"
DISCORD_API_URL = "https://discord.com/api/v10"
DISCORD_GATEWAY_URL = "wss://gateway.discord.gg/"


class Settings(BaseSettings):
    """Each field is a setting: prefix CLUSTERBOT_, in the environment or in `.env`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="forbid", frozen=True)

    corpus_dir: Path = Field(Path("corpus"), description="Folder of the corpus files.")
    index_dir: Path = Field(Path("index"), description="Folder of the index versions; can always be rebuilt.")
    data_dir: Path = Field(
        Path("data"),
        description="Folder of what can't be rebuilt: receipts, feedback, errata, and the salt they need. Back it up whole.",
    )
    retention_days: int = Field(
        90, ge=1, le=3650, description="How long questions, and whose they were, are kept; figures that tell of nobody stay."
    )
    cache_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("clusterbot")),
        description="Folder in which the bundled model is unpacked, once. Default: the user's cache directory.",
    )
    model: str = Field(
        "bundled",
        min_length=1,
        max_length=500,
        description="`bundled`, or any sentence-transformers model: a hub name or a folder.",
    )
    compiled: bool = Field(
        True,
        description="Run the bundled model compiled to int8, several times faster; false runs it in full precision, with torch.",
    )
    late_interaction: bool = Field(
        True,
        description="Compare questions with passages token by token as well: better rankings and quotations, for about 20 kB "
        "a passage on disk. Needs the compiled model.",
    )
    milvus_uri: str | None = Field(
        None,
        pattern=r"^(https?://[^\s/@]+(/\w+)?|[^\s:]+\.db)$",
        max_length=500,
        description="A Milvus that searches the passages instead of the index's own files: http(s)://host:port, with a database's "
        "name as the path, or a file of Milvus Lite, NAME.db. Rebuild the index after a change. Needs the extra `milvus`.",
    )
    milvus_token: SecretStr | None = Field(None, description="Token of the Milvus, or `user:password`.")
    judge: str = Field(
        RULES_AND_READING,
        min_length=1,
        max_length=500,
        description="What weighs claims: `bundled`, our rules, and the bundled model for what they leave undecided (where it runs "
        "compiled; elsewhere the rules alone); `rules`, the rules alone; or any sentence-transformers CrossEncoder for "
        "natural-language inference, by hub name or folder: the probability shown is then the model's own.",
    )
    discord_token: SecretStr | None = Field(None, description="Token of the Discord application's bot user.")
    discord_api_url: str = Field(
        DISCORD_API_URL,
        pattern=r"^https?://[^\s/]+",
        description="HTTP address of a Discord-compatible server, with the version. Set with the next one, or neither.",
    )
    discord_gateway_url: str = Field(
        DISCORD_GATEWAY_URL, pattern=r"^wss?://[^\s/]+", description="Gateway address of a Discord-compatible server."
    )
    contact: str | None = Field(
        None,
        pattern=r"^[!-'*-~]{3,200}$",
        description="A web or e-mail address at which the sites that `corpus add` reads can reach you; sent with each request.",
    )
    message_content: bool = Field(
        False,
        description="Ask Discord for the privileged Message Content Intent: then follow-ups in the bot's threads need no mention.",
    )
    staff_server: int | None = Field(
        None, gt=0, description="Id of the server whose staff may use /corpus and /gaps. Needed once the bot is in several servers."
    )
    staff_role: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Name or id of the role that /corpus and /gaps take, beside Discord's own.",
    )
    person_per_minute: int = Field(20, ge=1, le=10_000, description="Questions and presses of buttons that a person has a minute.")
    server_per_minute: int = Field(240, ge=1, le=100_000, description="Questions that a server has a minute.")
    allow_private_hosts: bool = Field(False, description="Let `corpus add` fetch from loopback, private and link-local addresses.")
    http_bind: str | None = Field(
        None,
        pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/]+):(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$",
        description="host:port on which the bot answers `/healthz`, `/readyz` and `/metrics`; off if unset.",
    )
    log_format: Literal["plain", "json"] = Field("plain", description="How the log is written, on stderr: `plain` or `json`.")

    @property
    def secrets(self) -> list[str]:
        """What no log may show."""
        return [one.get_secret_value() for one in (self.discord_token, self.milvus_token) if one is not None]


def read_settings() -> Settings:
    """Read the settings.

    Raises:
        UsageError: a value is out of bounds, or `.env` holds an unknown key.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = f"{PREFIX}{'_'.join(str(part) for part in first['loc'])}".upper().replace(PREFIX * 2, PREFIX)
        told = "no such setting" if first["type"] == "extra_forbidden" else first["msg"]
        raise UsageError(f"{key}: {told}; all settings are in docs/settings.md") from None
    except UnicodeDecodeError as error:
        raise UsageError(f".env is not UTF-8 ({error.reason}): save it in UTF-8") from None
