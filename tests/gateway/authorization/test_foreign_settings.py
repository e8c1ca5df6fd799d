"""Settings of foreign issuers: those that the documents show, and those that cannot be meant."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import PROJECT, blocks
from tests.gateway.authorization.conftest import ISSUER, open_house
from tests.gateway.authorization.issuing import trusted
from triptych.assembly.discovery import AssemblyError
from triptych.issuers import ROLES, ForeignIssuer
from triptych.settings import Settings

DOCUMENT = PROJECT / "docs" / "gateway" / "foreign-issuers.md"


def test_what_the_documents_show_can_be_set():
    (shown,) = [block for block in blocks(DOCUMENT) if block.language == "json"]
    (issuer,) = (ForeignIssuer.model_validate(one) for one in json.loads(shown.text))
    told = re.findall(r"^\| `(.+?)` \|", DOCUMENT.read_text(), re.MULTILINE)
    assert issuer.plan == "internal"
    assert {name for cell in told for name in cell.split("`, `")} == {*ForeignIssuer.model_fields, *ROLES}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"issuer": "http://login.example", "private_network": False}, "no issuer"),
        ({"issuer": "login.example"}, "no issuer"),
        ({"issuer": "https://login.example?x=1"}, "no issuer"),
        ({"issuer": "https://user@login.example"}, "no issuer"),
        ({"name": "usr"}, "our own use"),
        ({"name": "Staff"}, "String should match pattern"),
        ({"audience": ""}, "at least 1 character"),
        ({"scopes": {}, "groups": {}}, "map at least one"),
        ({"groups": {"ops": ("emperor",)}}, "'emperor', for 'ops', is neither a role"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(changed: dict[str, Any], reason: str):
    with pytest.raises(ValueError, match=reason):
        trusted(changed.pop("issuer", "https://login.example"), **changed)


@pytest.mark.parametrize(
    ("issuers", "reason"),
    [
        ([{"plan": "gold"}], "'gold' is no plan; there are anonymous, oauth, hooks, free, partner, internal"),
        ([{}, {"name": "others"}], "is there twice"),
        ([{}, {"issuer": "https://other.example"}], "is there twice"),
        ([{"issuer": ISSUER}], "or is this gateway"),
    ],
)
async def test_settings_that_do_not_fit_together_stop_the_start(
    tmp_path: Path, issuers: list[dict[str, Any]], reason: str
):
    made = tuple(trusted(**{"address": one.pop("issuer", "https://login.example"), **one}) for one in issuers)
    with pytest.raises(AssemblyError, match=reason):
        async with open_house(Settings(data=tmp_path, public_url=ISSUER, issuers=made)):
            pass
