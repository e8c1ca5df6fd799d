"""`token` without a gateway: what is missing is said in a line."""

from pathlib import Path

import pytest

from tests.triptych.cli.conftest import Triptych
from triptych.running import demo_file
from triptych.running.demo_file import ClientAccess, DemoFile


@pytest.fixture
def demo(tmp_path: Path) -> None:
    """The demo company's file, with nobody running."""
    (tmp_path / "var").mkdir()
    clients = {
        "partner-acme": ClientAccess(client_id="partner-acme", client_secret="s", scope="partner:read"),
        "storefront-web": ClientAccess(client_id="storefront-web", scope="storefront:read"),
    }
    demo_file.write(tmp_path / "var", DemoFile(issuer="http://127.0.0.1:1", clients=clients))


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["token", "nobody"], 1, "knows no client nobody; it knows partner-acme, storefront-web"),
        (["token", "storefront-web"], 1, "its users sign in at the gateway"),
        (["token", "partner-acme"], 3, "Start it with `triptych up`"),
    ],
)
def test_a_token_that_cannot_be_had_says_why(
    triptych: Triptych, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
) -> None:
    monkeypatch.setenv("TRIPTYCH_PORT", "1")

    refused = triptych(*arguments)

    assert refused.code == code
    assert said in refused.err
    assert refused.out == ""


def test_without_a_demo_company_a_client_of_ones_own_is_asked_for(triptych: Triptych) -> None:
    refused = triptych("token", "partner-acme")

    assert refused.code == 1
    assert "give TRIPTYCH_CLIENT_SECRET, or --secret" in refused.err


def test_a_demo_file_that_cannot_be_read_says_what_to_do(triptych: Triptych, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "demo.json").write_text("{")

    refused = triptych("token", "partner-acme")

    assert refused.code == 1
    assert "Move it away" in refused.err
