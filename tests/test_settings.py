"""Settings: from the environment and .env, bounded, typos caught, nothing built."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from clusterbot.errors import UsageError
from clusterbot.settings import read_settings


@pytest.fixture(autouse=True)
def _here(empty_folder: Path) -> None:
    """Read no `.env` but the test's own."""


def test_without_any_setting_the_defaults_hold() -> None:
    settings = read_settings()
    assert (settings.corpus_dir, settings.index_dir, settings.model) == (Path("corpus"), Path("index"), "bundled")
    assert settings.discord_token is None
    assert not settings.allow_private_hosts


def test_reading_settings_makes_nothing(empty_folder: Path) -> None:
    read_settings()
    assert list(empty_folder.iterdir()) == []


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERBOT_INDEX_DIR", "/srv/elsewhere")
    monkeypatch.setenv("CLUSTERBOT_ALLOW_PRIVATE_HOSTS", "true")
    settings = read_settings()
    assert settings.index_dir == Path("/srv/elsewhere")
    assert settings.allow_private_hosts


def test_a_file_is_read_and_the_environment_wins(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_folder / ".env").write_text("CLUSTERBOT_MODEL=from-file\nCLUSTERBOT_INDEX_DIR=été\n", encoding="utf-8")
    monkeypatch.setenv("CLUSTERBOT_MODEL", "from-environment")
    settings = read_settings()
    assert (settings.model, settings.index_dir) == ("from-environment", Path("été"))


def test_the_token_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERBOT_DISCORD_TOKEN", "very-secret")
    assert "very-secret" not in repr(read_settings())


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALLOW_PRIVATE_HOSTS", "perhaps"), ("MODEL", ""), ("MODEL", "x" * 501)],
    ids=["no boolean", "empty", "long"],
)
def test_a_value_out_of_bounds_is_told_with_its_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"CLUSTERBOT_{name}", value)
    with pytest.raises(UsageError, match=rf"^CLUSTERBOT_{name}: .*docs/settings\.md"):
        read_settings()


def test_a_bad_token_is_never_printed(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("CLUSTERBOT_DISCORD_TOKENN=very-secret\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_settings()
    assert "very-secret" not in str(caught.value)


def test_a_typo_in_the_file_is_told_with_its_name(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("CLUSTERBOT_CORPUS_DIRR=x\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"^CLUSTERBOT_CORPUS_DIRR: no such setting"):
        read_settings()


def test_a_file_in_another_encoding_is_told(empty_folder: Path) -> None:
    (empty_folder / ".env").write_bytes("CLUSTERBOT_MODEL=été\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"\.env is not UTF-8"):
        read_settings()


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError):
        read_settings().model = "another"  # type: ignore[misc]


@pytest.mark.parametrize("bind", ["9464", "localhost", "host:70000", "http://host:1", "a b:1", "::1:80"])
def test_an_address_that_cannot_be_listened_on_is_told(monkeypatch: pytest.MonkeyPatch, bind: str) -> None:
    monkeypatch.setenv("CLUSTERBOT_HTTP_BIND", bind)
    with pytest.raises(UsageError, match="CLUSTERBOT_HTTP_BIND"):
        read_settings()
