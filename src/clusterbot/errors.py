"""What can go wrong and be mended by a person.

ClusterbotError            someone can act on it; `code` names its message, `str()` tells what happened and the cure
├── UsageError             the question, claim or option itself can't be taken
├── CorpusError            a corpus file can't be read: names file, line and key
├── ClusterUnknown         no cluster of that name; carries the nearest names
├── ModelUnavailable       the embedding model can't be found, read or loaded
├── IndexMissing           there is no index, or not the version that was named
├── IndexMismatch          the index was made with another model, format or set of files
├── IndexCorrupt           a file of the index is not what its manifest says
├── IndexRegression        a new index answers golden questions worse than the live one
├── IndexUnreachable       the Milvus that holds the index's passages can't be asked
├── StorageError           the disk is full, read-only or not permitted
├── EvaluationError        an evaluation set can't be read, or a floor was broken
└── SourceError            a page or file can't be taken into the corpus
    ├── AddressRefused     not http(s), or it leads to a private, loopback, link-local or metadata address
    ├── AddressMissing     a file that doesn't say on which page people find it
    ├── HostUnknown        no address is known for the host's name
    ├── Unreachable        no connection, a broken certificate or a broken answer
    ├── FetchTimeout       it took too long
    ├── SourceTooLarge     more bytes, pages or entries than are taken
    ├── TooManyRedirects   it leads on and on
    ├── PageGone           the server says that the page is no more
    ├── PageRefused        the server answers with another error
    ├── LoginWall          only those who log in or pay can read it
    ├── RobotsRefused      the site's robots.txt asks programs not to read it
    ├── ContentRefused     not a page, document or feed that can be read
    ├── EncodingUnknown    its letters can't be made out
    ├── SourceDamaged      a broken or protected file
    ├── SourceTooHard      reading it exceeded the limits of memory or time
    ├── NoText             nothing to quote is in it
    ├── ScannedPages       pictures of pages, without text
    ├── LanguageRefused    neither French nor English
    ├── DigestInTheWay     the corpus tells of that page in our own words already
    └── SourceEdited       someone changed the stored text by hand

Anything else that is raised is a bug.
"""

from __future__ import annotations


class ClusterbotError(Exception):
    """An error that someone can act on; its text says what happened and what to do."""

    code = "error"

    def __init__(self, message: str = "", key: str | None = None, **values: object) -> None:
        """Take the English message, and where it exists in both languages its key under [error] with what fills it."""
        super().__init__(message)
        self.key = key
        self.values = values


class UsageError(ClusterbotError):
    """The input itself can't be taken: empty, too long, not text."""

    code = "usage"


class CorpusError(ClusterbotError):
    """A corpus file can't be read."""

    code = "corpus"

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}" if line else f"{file}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem


class ClusterUnknown(ClusterbotError):
    """No cluster answers to that name."""

    code = "cluster_unknown"


class ModelUnavailable(ClusterbotError):
    """The embedding model can't be found, read or loaded."""

    code = "model_unavailable"


class IndexMissing(ClusterbotError):
    """There is no index, or not that version of it."""

    code = "index_missing"


class IndexMismatch(ClusterbotError):
    """The index was made with another model, format or settings."""

    code = "index_mismatch"


class IndexCorrupt(ClusterbotError):
    """A file of the index is not what its manifest says."""

    code = "index_corrupt"


class IndexRegression(ClusterbotError):
    """A new index answers golden questions worse than the live one."""

    code = "index_regression"


class IndexUnreachable(ClusterbotError):
    """The server that holds the index's passages can't be asked, or refuses."""

    code = "index_unreachable"


class StorageError(ClusterbotError):
    """The disk is full, read-only or not permitted."""

    code = "storage"


class EvaluationError(ClusterbotError):
    """An evaluation set can't be read, or a floor was broken."""

    code = "evaluation"


class SourceError(ClusterbotError):
    """A page or file can't be taken into the corpus."""

    code = "source"


class AddressRefused(SourceError):
    """Not http(s), or it leads to a private, loopback, link-local or metadata address."""

    code = "address_refused"


class AddressMissing(SourceError):
    """A file that doesn't say on which page people find it."""

    code = "address_missing"


class HostUnknown(SourceError):
    """No address is known for the host's name."""

    code = "host_unknown"


class Unreachable(SourceError):
    """No connection, a broken certificate or a broken answer."""

    code = "unreachable"


class FetchTimeout(SourceError):
    """It took too long."""

    code = "fetch_timeout"


class SourceTooLarge(SourceError):
    """More bytes, pages or entries than are taken."""

    code = "source_too_large"


class TooManyRedirects(SourceError):
    """It leads on and on."""

    code = "too_many_redirects"


class PageGone(SourceError):
    """The server says that the page is no more."""

    code = "page_gone"


class PageRefused(SourceError):
    """The server answers with an error."""

    code = "page_refused"


class LoginWall(SourceError):
    """Only those who log in or pay can read it."""

    code = "login_wall"


class RobotsRefused(SourceError):
    """The site's robots.txt asks programs not to read it."""

    code = "robots_refused"


class ContentRefused(SourceError):
    """Not a page, document or feed that can be read."""

    code = "content_refused"


class EncodingUnknown(SourceError):
    """Its letters can't be made out."""

    code = "encoding_unknown"


class SourceDamaged(SourceError):
    """A broken or protected file."""

    code = "source_damaged"


class SourceTooHard(SourceError):
    """Reading it exceeded the limits of memory or time."""

    code = "source_too_hard"


class NoText(SourceError):
    """Nothing to quote is in it."""

    code = "no_text"


class ScannedPages(SourceError):
    """Pictures of pages, without text."""

    code = "scanned_pages"


class LanguageRefused(SourceError):
    """Neither French nor English."""

    code = "language_refused"


class DigestInTheWay(SourceError):
    """The corpus tells of that page in our own words already."""

    code = "digest_in_the_way"


class SourceEdited(SourceError):
    """Someone changed the stored text by hand."""

    code = "source_edited"
