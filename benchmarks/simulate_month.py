"""Fill a store with a month of 2,000 questions, for the demonstration of `gaps` and `report`.

    CLUSTERBOT_DATA_DIR=month python benchmarks/simulate_month.py        needs an index

The questions are those of our own evaluation sets and their twins; which, when, by whom and with what feedback is drawn by a seeded
generator: few are asked often and most rarely (Zipf), weekends are quiet, answers are found helpful four times in five.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import random
from pathlib import Path

from clusterbot.assistant import Assistant
from clusterbot.receipts import receipt_of
from clusterbot.settings import read_settings
from clusterbot.store import Receipt, Store, new_receipt_id

QUESTIONS, DAYS, PEOPLE, SEED = 2_000, 30, 150, 20261124
SETS = ("tests/evaluation/tuning/queries.jsonl", "tests/evaluation/queries.jsonl", "benchmarks/gap_twins.jsonl")
REASONS = ("outdated", "off topic", "incomplete", "wrong")


def main() -> None:
    settings, draw = read_settings(), random.Random(SEED)
    assistant = Assistant.open(settings)
    texts = [json.loads(line)["text"] for name in SETS for line in Path(name).read_text(encoding="utf-8").splitlines()]
    draw.shuffle(texts)
    weights = [1 / (3 + rank) for rank in range(len(texts))]
    last = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [last - dt.timedelta(days=past) for past in range(DAYS)]
    busy = [0.3 if start.weekday() >= 5 else 1.0 for start in starts]
    known: dict[str, Receipt] = {}
    with Store(settings.data_dir) as store:
        for _ in range(QUESTIONS):
            text = draw.choices(texts, weights)[0]
            at = draw.choices(starts, busy)[0] + dt.timedelta(seconds=min(draw.gauss(14, 4), 23.9) * 3600)
            if text not in known:
                known[text] = receipt_of(assistant.ask(text), text, (), None, "server", at)
            receipt = dataclasses.replace(known[text], id=new_receipt_id(), asked_at=at)
            person = str(10**17 + draw.randrange(PEOPLE))
            store.record(receipt, person)
            if receipt.outcome == "answered" and draw.random() < 0.25:
                is_helpful = draw.random() < 0.8
                store.give_feedback(receipt.id, is_helpful, person, None if is_helpful else draw.choice(REASONS), at)
    print(f"{QUESTIONS} questions, {len(known)} of them different")


if __name__ == "__main__":
    main()
