"""Rows of the SQLite file <-> what the store hands out. Instants are whole milliseconds since 1970 in the file."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from clusterbot.models import Filters
from clusterbot.store.records import Conversation, Erratum, Evaluation, Feedback, PassageScore, QuoteSpan, Receipt

RECEIPT_COLUMNS = (
    *("id", "asked_at", "channel", "person", "question", "context", "wanted_lang", "lang", "outcome", "reason", "confidence"),
    *("index_version", "model", "elapsed_ms", "quotes", "passages", "cluster_id", "as_of"),
)


def receipt_values(receipt: Receipt, person: str | None) -> tuple[object, ...]:
    """Return the values of RECEIPT_COLUMNS; `person` is a key."""
    return (
        *(receipt.id, milliseconds(receipt.asked_at), receipt.channel, person, receipt.question, _write_list(receipt.context)),
        *(receipt.wanted_lang, receipt.lang, receipt.outcome, receipt.reason, receipt.confidence),
        *(receipt.index, receipt.model, receipt.elapsed_ms),
        json.dumps([dataclasses.astuple(one) for one in receipt.quotes]),
        json.dumps([dataclasses.astuple(one) for one in receipt.passages]),
        *(receipt.filters.cluster_id, receipt.filters.as_of),
    )


def read_receipt(row: sqlite3.Row) -> Receipt:
    """Return the receipt of a row."""
    return Receipt(
        id=row["id"],
        asked_at=instant(row["asked_at"]),
        channel=row["channel"],
        question=row["question"],
        context=None if row["context"] is None else tuple(json.loads(row["context"])),
        wanted_lang=row["wanted_lang"],
        lang=row["lang"],
        outcome=row["outcome"],
        reason=row["reason"],
        confidence=row["confidence"],
        index=row["index_version"],
        model=row["model"],
        elapsed_ms=row["elapsed_ms"],
        quotes=tuple(QuoteSpan(*one) for one in json.loads(row["quotes"])),
        passages=tuple(PassageScore(*one) for one in json.loads(row["passages"])),
        filters=Filters(row["cluster_id"], row["as_of"]),
    )


def read_feedback(row: sqlite3.Row) -> Feedback:
    """Return the feedback of a row."""
    return Feedback(row["receipt_id"], instant(row["given_at"]), bool(row["is_helpful"]), row["reason"])


def read_state(row: sqlite3.Row) -> Conversation:
    """Return the conversation of a row."""
    return Conversation.of(json.loads(row["state"]))


def read_evaluation(row: sqlite3.Row) -> Evaluation:
    """Return the figures of a row."""
    return Evaluation(instant(row[0]), row[1], row[2], row[3], json.loads(row[4]))


def read_erratum(row: sqlite3.Row) -> Erratum:
    """Return the note of a row."""
    return Erratum(*(row["id"], row["document_id"], row["sentence"], row["fr"], row["en"], row["source"]), instant(row["noted_at"]))


def write_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as people read it: instants in ISO 8601, lists and states as such."""
    written = {key: instant(value).isoformat() if key.endswith("_at") else value for key, value in row.items()}
    for key in ("context", "state"):
        if written.get(key) is not None:
            written[key] = json.loads(written[key])
    return written


def _write_list(value: Sequence[str] | None) -> str | None:
    return None if value is None else json.dumps(list(value), ensure_ascii=False)


def milliseconds(at: dt.datetime) -> int:
    """Return an instant as the file holds it."""
    return round(at.timestamp() * 1000)


def instant(value: int) -> dt.datetime:
    """Return an instant of the file, UTC-aware."""
    return dt.datetime.fromtimestamp(value / 1000, dt.UTC)
