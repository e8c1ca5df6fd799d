"""One setting names all replicas of a service."""

import pytest

from triptych.settings import Settings


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("http://a:1", ["http://a:1"]),
        ("http://a:1,http://b:2", ["http://a:1", "http://b:2"]),
        (" http://a:1 , ,http://b:2,", ["http://a:1", "http://b:2"]),
        ("", []),
    ],
)
def test_addresses_are_separated_by_commas(value: str, addresses: list[str]):
    settings = Settings(per_service={"TRIPTYCH_CRM_URL": value})
    assert settings.addresses_of("crm") == addresses
    assert settings.address_of("crm") == (addresses[0] if addresses else None)
    assert settings.addresses_of("erp") == []
