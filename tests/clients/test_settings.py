"""Does `docs/clients.md` give what the tests use, and claim no more than they show?"""

import re
from pathlib import Path

import pytest

from support import client_settings
from support.faulty_taxii import Fault

HERE = Path(__file__).resolve().parent
TESTED = {
    "OpenCTI: TAXII ingestion feed": 2,
    "OpenCTI: connector taxii2": 1,
    "Cortex XSOAR: TAXII 2 Feed": 3,
    "Microsoft Sentinel: Threat Intelligence - TAXII": 1,
    "Elastic: Custom Threat Intelligence (ti_custom)": 2,
    "MISP": 1,
    "OpenCTI: publishing an export": 0,
    "EclecticIQ Intelligence Center": 1,
    "Splunk: CTIS TAXII app": 1,
    "Sumo Logic: TAXII 2 Client": 3,
    "Clients that send a key": 2,
    "Trellix, Trend Micro": 1,
    "LogRhythm: Threat Intelligence Service": 2,
    "MineMeld": 0,
    "Not tested": 0,
}


def test_the_document_has_the_tested_clients_and_no_others() -> None:
    """Red if a client, or a block of settings, is added to the document without a test, or taken out of it."""
    assert {name: len(client_settings.blocks(name)) for name in client_settings.sections()} == TESTED


@pytest.mark.parametrize("section", [name for name, count in TESTED.items() if count])
def test_each_section_is_used_by_a_test(section: str) -> None:
    """Red if the settings of a section are shown and no stand-in takes them."""
    tests = [path.read_text("utf-8") for path in HERE.glob("test_*.py") if path.name != "test_settings.py"]
    assert any(f'"{section}"' in text for text in tests)


@pytest.mark.parametrize("section", [name for name, count in TESTED.items() if count])
def test_examples_are_those_of_the_first_table(section: str) -> None:
    """Red if a block has another host, token or id, which nobody would know to replace."""
    shown = client_settings.sections()[section]
    assert set(re.findall(r"https?://[^/\s\"`]+", shown)) <= {client_settings.HUB}
    assert set(re.findall(r"cirthub_\w+", shown)) <= {client_settings.TOKEN}
    assert set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", shown)) <= {client_settings.GROUP}
    for example in (client_settings.HUB, client_settings.TOKEN, client_settings.GROUP, client_settings.ALIAS):
        assert example in client_settings.DOCUMENT.read_text("utf-8").partition("## ")[0]


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE], ids=lambda each: each.name)
def test_each_fault_has_a_client_that_falls_for_it(fault: Fault) -> None:
    """Red if a switch of the faulty server is left without a test."""
    assert any(f"Fault.{fault.name}" in path.read_text("utf-8") for path in HERE.glob("test_*.py"))
