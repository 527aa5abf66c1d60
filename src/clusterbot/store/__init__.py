"""What can't be rebuilt, in one SQLite file: receipts, feedback, conversations, watchers, errata, audit lines."""

from clusterbot.store.alone import only_bot
from clusterbot.store.backup import back_up, restore
from clusterbot.store.database import is_private
from clusterbot.store.people import check_person
from clusterbot.store.records import (
    Channel,
    Conversation,
    Erratum,
    Evaluation,
    Feedback,
    OpenGap,
    PassageScore,
    Purged,
    QuoteSpan,
    Receipt,
    Watcher,
    errata_of,
    new_receipt_id,
    quote_digest,
)
from clusterbot.store.store import Store

__all__ = [
    "Channel",
    "Conversation",
    "Erratum",
    "Evaluation",
    "Feedback",
    "OpenGap",
    "PassageScore",
    "Purged",
    "QuoteSpan",
    "Receipt",
    "Store",
    "Watcher",
    "back_up",
    "check_person",
    "errata_of",
    "is_private",
    "new_receipt_id",
    "only_bot",
    "quote_digest",
    "restore",
]
