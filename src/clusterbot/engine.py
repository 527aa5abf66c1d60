"""Everything that answers from one version of the index, put together."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from clusterbot.answering import EVIDENCE, Abstention, Answer, Reader
from clusterbot.claim_rules import read_rules
from clusterbot.claims import Verdict, normal_claim, split_claims, weigh
from clusterbot.clusters import ClusterRegistry
from clusterbot.compiled import CompiledEmbedder
from clusterbot.embedding import Embedder, has_tokens
from clusterbot.errors import IndexMismatch
from clusterbot.facts import FactJudge
from clusterbot.finding import Finder
from clusterbot.index.snapshot import Snapshot
from clusterbot.judging import Judge, RuleJudge
from clusterbot.ledger import Ledger
from clusterbot.models import EVERYTHING, LANGUAGES, Citation, Disagreement, Filters, Lang, Profile
from clusterbot.naming import NameJudge
from clusterbot.pair_reader import read_pair_reader
from clusterbot.questions import Question, understand
from clusterbot.quoting import Candidate
from clusterbot.ranking import Ranking
from clusterbot.retrieval import Hit, Retriever
from clusterbot.statements import Statement, written_on
from clusterbot.undecided import PairReading

logger = logging.getLogger(__name__)

SHOWN_HITS = 5
SEARCHED = 100  # passages ranked: enough for ten documents, by which an answer is judged


@dataclass(frozen=True, slots=True)
class Weighing:
    """What weighs claims: a judge in place of the rules, or what reads what the rules leave open.

    `reading` is called when a claim is checked: what reads may have to be made first, which no question should wait for.
    """

    judge: Judge | None = None
    reading: Callable[[], PairReading | None] = lambda: None


BY_RULES = Weighing()


class Engine:
    """Everything that answers from one version of the index; never changes."""

    def __init__(self, loaded: Snapshot, embedder: Embedder, ranking: Ranking, weighing: Weighing = BY_RULES) -> None:
        """Put the parts together.

        Raises:
            IndexMismatch: the index was made with another model.
        """
        manifest = loaded.manifest
        if manifest.fingerprint != embedder.fingerprint:
            raise IndexMismatch(
                f"the index {manifest.version} was made with {manifest.model}@{manifest.revision}, "
                f"the model now is {embedder.name}@{embedder.revision}; rebuild it: clusterbot index build"
            )
        if any(not set(calibration.features) <= set(EVIDENCE) for calibration in manifest.calibration.values()):
            raise IndexMismatch(
                f"the index {manifest.version} was calibrated by another version of clusterbot; rebuild it, which embeds nothing: "
                "clusterbot index build"
            )
        if manifest.calibrated_for not in (manifest.model, model := f"{manifest.model}@{manifest.revision}"):
            logger.warning(
                "how sure answers are was fitted for %s, not for %s: take it as a rough guide, or fit it: "
                "clusterbot eval --fit DATASET_DIR..., then clusterbot index build",
                manifest.calibrated_for,
                model,
            )
        profiles = [document for document in loaded.documents if isinstance(document, Profile)]
        self.snapshot = loaded
        self.embedder = embedder
        self.registry = ClusterRegistry(profiles, loaded.words, loaded.tables.ambiguous)
        self.ledger = Ledger(profiles, loaded.tables.vocabulary)
        self.retriever = Retriever(loaded, embedder, ranking.fusion)
        self.pairs = read_pair_reader() if isinstance(embedder, CompiledEmbedder) and has_tokens(embedder) else None
        self.reader = Reader(loaded, embedder, self.ledger, ranking.sentence, self.pairs)
        self.finder = Finder(loaded, self.registry.clusters, self.retriever, self.ledger, ranking.finding)
        self.rules = read_rules()
        self._rule_judge = RuleJudge(self.rules)
        self.judge: Judge = self._rule_judge
        self.reading = weighing.reading
        if weighing.judge is not None:
            self.judge, self.rules = (
                weighing.judge,
                self.rules.model_copy(update={"fitted": ""}),
            )  # the fit is that of the rules alone
        self.facts = FactJudge(self.ledger, self.rules)
        self.names = NameJudge(self.ledger, self.rules)

    def find(
        self, question: Question, k: int, langs: Collection[Lang] = LANGUAGES, only_clusters: Collection[str] | None = None
    ) -> tuple[list[Hit], list[Candidate]]:
        """Return the k best passages for a question, and the sentences read in them, scored."""
        query = self.retriever.query(question.query, question.lang, question.cluster_ids, question.words)
        hits = self.retriever.search(query, k, langs, only_clusters)
        return hits, self.reader.read(question, query, hits)

    def ask(
        self,
        text: str,
        context: Sequence[str],
        lang: Lang | None,
        filters: Filters = EVERYTHING,
        default_lang: Lang | None = None,
    ) -> Answer | Abstention:
        """Answer a question from this version."""
        question = understand(text, self.registry, context, lang, default_lang)
        cluster_id, as_of = filters.cluster_id, filters.as_of
        if cluster_id is not None and cluster_id not in question.cluster_ids:
            question = replace(question, names=(*question.names, self.registry.known(cluster_id).name(question.lang)))
        if filters == EVERYTHING and (found := self.finder.answer(question, SHOWN_HITS)):
            return found
        about = {*question.cluster_ids, *([cluster_id] if cluster_id else [])}
        query = self.retriever.query(question.query, question.lang, about, question.words)
        judged = self.retriever.search(query, SEARCHED, as_of=as_of)
        hits = judged if cluster_id is None else self.retriever.search(query, SEARCHED, only_clusters=[cluster_id], as_of=as_of)
        return self.reader.answer(question, query, hits, judged, SHOWN_HITS, filters)

    def check(self, text: str, context: Sequence[str], lang: Lang | None, default_lang: Lang | None = None) -> tuple[Verdict, ...]:
        """Weigh each claim of a text; one that names no cluster is about that of the claims before it."""
        whole = understand(text, self.registry, context, lang, default_lang)
        earlier, verdicts, reading = list(context), [], self.reading()
        today = written_on(dt.datetime.now(dt.UTC).date().isoformat())
        for claim in split_claims(normal_claim(whole.text), whole.lang):
            question = understand(claim, self.registry, earlier, whole.lang)
            cluster_ids = question.cluster_ids[:1]
            names = [mention.matched for mention in question.mentions[:1]]
            names += [self.registry.clusters[key].name(whole.lang) for key in cluster_ids]
            statement = Statement(claim, whole.lang, self._rule_judge.subject(names, whole.lang), today)
            _, candidates = self.find(question, SEARCHED, only_clusters=cluster_ids or None)
            named = [one for one in candidates if self._is_named(one, cluster_ids)]
            read = [Citation(one.document, one.start, one.end) for one in named if set(cluster_ids) & set(one.document.clusters)]
            known = self.names.weigh(statement, self.registry.mentions(claim), read) or self.facts.weigh(statement, cluster_ids)
            is_settled = partial(self._is_settled, whole.lang)
            verdict = weigh(statement, cluster_ids, named, self.judge, self.rules, known, is_settled, reading)
            timelines = self.facts.timelines(statement, cluster_ids)
            verdicts.append(replace(verdict, disagreements=self._disagreements(verdict), timelines=timelines))
            earlier.append(claim)
        return tuple(verdicts)

    def _is_named(self, sentence: Candidate, cluster_ids: Sequence[str]) -> bool:
        """Say whether a sentence tells of a cluster: one from a page on several does where it names it, or names none."""
        if not cluster_ids or len(sentence.document.clusters) < 2:
            return True
        named = {key for mention in self.registry.mentions(sentence.text) for key in mention.cluster_ids}
        return not named or cluster_ids[0] in named

    def _is_settled(self, lang: Lang, told: Citation) -> bool:
        """Say whether a sentence tells ledger entries, none of which another source disputes."""
        quote = self.ledger.cite(told.document, told.start, told.end)
        return bool(quote.facts) and not self.ledger.disagreements(lang, quote)

    def _disagreements(self, verdict: Verdict) -> tuple[Disagreement, ...]:
        """Return what the sources tell differently of what the evidence for or against a claim tells, each once."""
        found: dict[tuple[str, str], Disagreement] = {}
        for one in verdict.evidence:
            if one.stance != "neutral":
                quote = self.ledger.cite(one.citation.document, one.citation.start, one.citation.end)
                for each in self.ledger.disagreements(verdict.lang, quote):
                    found.setdefault((each.cluster_id, each.attribute), each)
        return tuple(found.values())
