"""The questions that everyone asks of a cluster, made by rule of its ledger: since when, who, how many.

    python benchmarks/staple_questions.py

Asks them of the live index, for every cluster whose ledger holds the fact, and counts those answered, and those whose first
quotation tells it. Prints a table by kind and language.
"""

from __future__ import annotations

from collections import Counter

from clusterbot.answering import Answer
from clusterbot.assistant import Assistant
from clusterbot.settings import Settings

TEMPLATES = {
    ("founded", "launched"): {
        "fr": ("Quand {name} a-t-elle été fondée ?", "En quelle année {name} a-t-il été créé ?"),
        "en": ("When was {name} founded?", "What year was {name} launched?"),
    },
    ("chief_executive",): {"fr": ("Qui dirige {name} ?",), "en": ("Who runs {name}?",)},
    ("members",): {"fr": ("Combien de membres compte {name} ?",), "en": ("How many members does {name} have?",)},
    ("jobs",): {
        "fr": ("Combien d’emplois compte le secteur de {name} ?",),
        "en": ("How many jobs are there in the sector of {name}?",),
    },
    ("firms",): {
        "fr": ("Combien d’entreprises compte le secteur de {name} ?",),
        "en": ("How many companies are in {name}'s sector?",),
    },
}


def main() -> None:
    """Ask and print."""
    assistant = Assistant.open(Settings())
    print("| asked for | language | questions | answered | first quotation tells it |\n| --- | --- | --- | --- | --- |")
    for attributes, by_lang in TEMPLATES.items():
        for lang, templates in by_lang.items():
            count: Counter[str] = Counter()
            for cluster in assistant.engine.registry.clusters.values():
                profile = cluster.profile("fr" if lang == "fr" else "en")
                facts = [fact for fact in profile.facts if fact.attribute in attributes]
                for template in templates if facts else ():
                    result = assistant.ask(template.format(name=profile.names.short)).result
                    count["asked"] += 1
                    if isinstance(result, Answer):
                        count["answered"] += 1
                        count["told"] += any(fact in result.quotes[0].facts for fact in facts)
            print(f"| {', '.join(attributes)} | {lang} | {count['asked']} | {count['answered']} | {count['told']} |")


if __name__ == "__main__":
    main()
