"""Pictures of clusters: what is drawn, and the same in words."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from clusterbot.clusters import Cluster
from clusterbot.i18n import read_texts
from clusterbot.models import Attribute, Lang
from clusterbot.pictures import foundings, over_time, series
from fakes import profile

VOCABULARY = {"members": Attribute(type="number", fr="Membres", en="Members")}


def fact(value: object, as_of: str | None, **more: Any) -> dict[str, Any]:
    return {"attribute": "members", "value": value, "as_of": as_of, "source": "https://example.org/a", **more}


def cluster(name: str, *facts: dict[str, Any], founded: str | None = None) -> Cluster:
    pages = {lang: profile("aqua", lang, short=name.title(), facts=facts, founded=founded) for lang in ("fr", "en")}
    return Cluster(name, pages)


GROWING = cluster("aqua", fact(140, "2020-05"), fact(45, "2016"), fact("many", "2019"), fact(9, None), fact(1250, "2021/2023"))


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_series_holds_the_dated_figures_in_order_each_in_the_middle_of_its_time() -> None:
    assert [(one.told, one.value) for one in series(GROWING, "members")] == [("2016", 45), ("2020-05", 140), ("2021/2023", 1250)]
    assert [one.year for one in series(GROWING, "members")] == pytest.approx([2016.5, 2020 + 4.5 / 12, 2022.5])


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("fr", "Membres\u00a0: Aqua\u00a0: 45 (2016), 140 (mai 2020), 1\u00a0250 (de 2021 à 2023)."),
        ("en", "Members: Aqua: 45 (2016), 140 (May 2020), 1,250 (2021 to 2023)."),
    ],
)
def test_a_figure_over_time_is_told_in_words_beside_the_picture(lang: Lang, told: str) -> None:
    drawn = over_time([GROWING], "members", VOCABULARY, read_texts(lang))
    assert drawn is not None
    assert drawn.description == told
    assert 500 < size_of(drawn.png)[0] < 1200


def test_several_clusters_are_drawn_in_one_picture() -> None:
    other = cluster("bois", fact(10, "2016"), fact(20, "2020"))
    alone = over_time([GROWING], "members", VOCABULARY, read_texts("en"))
    both = over_time([GROWING, other], "members", VOCABULARY, read_texts("en"))
    assert alone and both and "Bois: 10 (2016), 20 (2020)" in both.description
    assert not np.array_equal(imread(io.BytesIO(alone.png)), imread(io.BytesIO(both.png)))


@pytest.mark.parametrize(
    "clusters",
    [
        [cluster("one", fact(45, "2016"))],
        [cluster("undated", fact(45, None), fact(50, None))],
        [cluster("units", fact(45, "2016", unit="M CAD"), fact(50, "2017", unit="M USD"))],
    ],
    ids=["one value", "no dates", "two units"],
)
def test_what_makes_no_line_is_not_drawn(clusters: list[Cluster]) -> None:
    assert over_time(clusters, "members", VOCABULARY, read_texts("en")) is None


def test_foundings_stand_in_order_and_those_without_a_date_are_left_out() -> None:
    young, old, unknown = cluster("young", founded="2020-04"), cluster("old", founded="1991"), cluster("unknown")
    drawn = foundings([young, old, unknown], read_texts("en"))
    assert drawn is not None
    assert drawn.description == "Year of founding, by the profiles: Old (1991), Young (2020)."
    assert foundings([young, unknown], read_texts("en")) is None


def test_a_name_with_dollar_signs_is_no_formula() -> None:
    drawn = foundings([cluster("a$x_{$", founded="2001"), cluster("b", founded="2002")], read_texts("en"))
    assert drawn is not None and "A$X_{$ (2001)" in drawn.description
