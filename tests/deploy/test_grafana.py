"""Does the shipped dashboard fit the metrics? Every name and label it asks for is one that the hub gives."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hub.exposition import Together
from hub.measures import REGISTRY

DASHBOARD = Path(__file__).resolve().parents[2] / "deploy" / "grafana.json"
SERIES = re.compile(r"(cirt_hub_[a-z_]+)(?:\{([^}]*)\})?")
#: What Prometheus itself adds to each sample.
ADDED = {"instance", "le"}
#: Of PromQL and Grafana, as far as the dashboard needs them.
FUNCTIONS = {"sum", "max", "min", "rate", "increase", "histogram_quantile", "by", "label_values", "clamp_min"}
BUILT_IN = {"__rate_interval", "__range", "__interval"}


def board() -> dict[str, Any]:
    """The dashboard."""
    value: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return value


def known() -> dict[str, set[str]]:
    """The labels of each sample name that can be asked for."""
    found: dict[str, set[str]] = {}
    for collector in {*REGISTRY._collector_to_names}:
        labels = set(getattr(collector, "_labelnames", ()))
        name, kind = getattr(collector, "_name", ""), getattr(collector, "_type", "")
        ends = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}[kind]
        found |= {name + end: labels for end in ends}
    return found | {metric.name: set() for metric in Together(DASHBOARD.parent / "none").collect()}


def questions() -> list[str]:
    """Every expression of the dashboard."""
    asked = [target["expr"] for panel in board()["panels"] for target in panel["targets"]]
    return asked + [each["definition"] for each in board()["templating"]["list"] if "definition" in each]


@pytest.mark.parametrize("question", questions(), ids=range(len(questions())))
def test_every_metric_and_label_it_names_exists(question: str) -> None:
    """Red if a metric or a label is renamed in hub/measures.py alone: a panel would stay empty without a word."""
    series, names = SERIES.findall(question), known()
    assert series
    grouped = {each.strip() for found in re.findall(r"by \(([^)]*)\)", question) for each in found.split(",")}
    for name, selected in series:
        assert name in names, f"{name} is no metric of the hub"
        asked = grouped | set(re.findall(r"([a-z_]+)\s*=", selected))
        assert asked - names[name] - ADDED == set(), name


@pytest.mark.parametrize("question", questions(), ids=range(len(questions())))
def test_every_function_and_variable_it_uses_exists(question: str) -> None:
    """Red if one is misspelt: the panel would be empty, on the night it is looked at."""
    assert set(re.findall(r"([a-z_]+)\s*\(", question)) <= FUNCTIONS
    known_here = {each["name"] for each in board()["templating"]["list"]} | BUILT_IN
    assert set(re.findall(r"\$\{?(\w+)", question)) <= known_here
    assert question.count("(") == question.count(")")


def test_every_metric_stands_on_it() -> None:
    """Red if a metric is added that nobody will look at."""
    shown = {re.sub("_(total|bucket|sum|count)$", "", name) for text in questions() for name, _ in SERIES.findall(text)}
    assert {re.sub("_total$", "", metric.name) for metric in REGISTRY.collect()} - shown == set()


def test_the_panels_lie_side_by_side_and_say_what_they_show() -> None:
    """Red if two panels lie on each other, or one has no sentence for whoever is woken by it."""
    places = set[tuple[int, int]]()
    for panel in board()["panels"]:
        place = panel["gridPos"]
        across = range(place["x"], place["x"] + place["w"])
        own = {(x, y) for x in across for y in range(place["y"], place["y"] + place["h"])}
        assert not own & places, panel["title"]
        assert max(x for x, _ in own) < 24
        assert panel["description"].endswith(".")
        places |= own
    ids = [panel["id"] for panel in board()["panels"]]
    assert len(ids) == len(set(ids))
