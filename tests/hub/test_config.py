"""Settings: what is unknown, malformed or without effect is told before anything opens."""

import pytest

from hub.config import BadSetting, load_settings


@pytest.mark.parametrize("name", ["HUB_TYPO", "HUB_METRICS_BINDING"])
def test_a_setting_without_effect_is_unknown(name: str) -> None:
    """Red if a setting is taken that nothing obeys: its operator would believe that it works."""
    with pytest.raises(BadSetting, match=f"unknown setting {name}; known settings: HUB_APPROVALS"):
        load_settings({name: "127.0.0.1"})


@pytest.mark.parametrize(
    "url",
    ["mysql://x/y", "hub.db", "sqlite", "sqlite://", "sqlite:///", "postgresql:x", "postgresql://u@h:port/x"],
)
def test_a_database_that_cannot_be_named_is_told(url: str) -> None:
    """Red if a URL gets through that ends in a fault of the driver's parser."""
    with pytest.raises(BadSetting, match="HUB_DATABASE_URL must be like"):
        load_settings({"HUB_DATABASE_URL": url})


@pytest.mark.parametrize(
    "url", ["sqlite:////var/lib/hub.db", "sqlite:///hub.db", "postgresql:///hub", "postgresql+psycopg://u:p@h:5432/x"]
)
def test_a_database_of_either_engine_is_taken(url: str) -> None:
    """Red if the pattern is narrower than what the store opens."""
    assert load_settings({"HUB_DATABASE_URL": url}).database == url


@pytest.mark.parametrize(
    "url",
    [
        "hub.example.org",
        "ftp://x",
        "https://",
        "https://x/y",
        "https://x?y",
        "https://x#y",
        "https://x:y",
        "http://[::",
    ],
)
def test_a_public_address_is_scheme_and_host(url: str) -> None:
    """Red if links would be made from half an address, or a malformed one ends in a traceback."""
    with pytest.raises(BadSetting, match="HUB_PUBLIC_URL must be like"):
        load_settings({"HUB_PUBLIC_URL": url})


def test_a_public_address_has_one_spelling() -> None:
    """Red if a final slash stays: `cirt` leaves it out of the enrolment, which would not be for this hub then."""
    assert load_settings({"HUB_PUBLIC_URL": "https://hub.example.org/"}).public_url == "https://hub.example.org"


@pytest.mark.parametrize("value", ["3", "0", "two", "1.5"])
def test_approvals_are_one_or_two(value: str) -> None:
    """Red if a document could be approved by nobody, or by more than can be."""
    with pytest.raises(BadSetting, match="HUB_APPROVALS must be"):
        load_settings({"HUB_APPROVALS": value})


@pytest.mark.parametrize(
    "value", ["9480", ":9480", "127.0.0.1", "127.0.0.1:0", "a:x", "::1:9480", "http://x:1", "a:70000"]
)
def test_a_metrics_address_is_host_and_port(value: str) -> None:
    """Red if a malformed address ends in a traceback, or in a page that nobody meant to open."""
    with pytest.raises(BadSetting, match="HUB_METRICS_BIND must be like"):
        load_settings({"HUB_METRICS_BIND": value})


@pytest.mark.parametrize(
    ("value", "address"), [("", None), ("127.0.0.1:9480", ("127.0.0.1", 9480)), ("[::1]:80", ("::1", 80))]
)
def test_a_metrics_address_is_read(value: str, address: tuple[str, int] | None) -> None:
    """Red if there is a page without its setting, or the brackets of an IPv6 address stay."""
    assert load_settings({"HUB_METRICS_BIND": value}).metrics_address == address
