"""What a build takes over from the version before: the files of a language whose documents are the same, linked and not written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from clusterbot.index import snapshot
from clusterbot.index.neighbours import Approximation
from clusterbot.index.snapshot import Manifest
from clusterbot.models import LANGUAGES, Lang


@dataclass(frozen=True, slots=True)
class Taken:
    """The digests of the files that were taken over, and how their graphs are searched."""

    files: Mapping[str, str]
    approximate: Mapping[Lang, Approximation]


NOTHING = Taken({}, {})


def unchanged(before: Manifest | None, manifest: Manifest) -> frozenset[Lang]:
    """Return the languages whose files would be those of the version before: of the same documents, made in the same way."""
    if before is None or manifest.place != "files" or _making(before) != _making(manifest):
        return frozenset()
    return frozenset(lang for lang in LANGUAGES if before.contents[lang] == manifest.contents[lang])


def _making(manifest: Manifest) -> tuple[object, ...]:
    sizes = manifest.max_chars, manifest.overlap_sentences, manifest.dimension, manifest.token_dimension
    return manifest.place, manifest.fingerprint, manifest.search, *sizes


def take_over(folder: Path, building: Path, before: Manifest, langs: Collection[Lang]) -> Taken:
    """Link the files of languages out of the folder of a version that was just checked; copy them where links can't be made.

    Raises:
        OSError: the disk refuses.
    """
    files = {name: digest for name, digest in before.files.items() if name.partition("/")[0] in langs}
    for name in files:
        (building / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(folder / name, building / name)
        except OSError:  # some file systems have no links
            shutil.copyfile(folder / name, building / name)
            snapshot.sync(building / name)
    return Taken(files, {lang: one for lang, one in before.approximate.items() if lang in langs})
