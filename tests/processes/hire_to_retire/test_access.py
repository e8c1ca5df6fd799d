"""What somebody signs in with, and which groups their work puts them into."""

import pytest

from processes.hire_to_retire.access import LONGEST, login_of
from triptych.canonical.directory import NewGroup


@pytest.mark.parametrize(
    ("name", "login"),
    [
        ("Nancy Davolio", "nancy.davolio"),
        ("Zoë O'Hara", "zoe.ohara"),
        ("  María José  Ñandú ", "maria.jose.nandu"),
        ("Ståle", "stale"),
        ("李小龍", "colleague"),
        ("🙂 . -- '", "colleague"),
        ("../../etc/passwd", "etcpasswd"),
        ("a@b <script>", "ab.script"),
    ],
)
def test_a_login_is_made_of_what_can_be_typed_everywhere(name: str, login: str) -> None:
    assert login_of(name) == login


def test_namesakes_are_told_apart_and_a_name_of_ten_kilobytes_is_cut_off() -> None:
    assert login_of("Nancy Davolio", 2) == "nancy.davolio2"
    assert login_of("n" * 10_000) == "n" * LONGEST
    assert login_of("n " * 5_000, 20).endswith("20")
    assert len(login_of("n " * 5_000, 20)) <= LONGEST + 2


SELLER = ("SALES-7", "Sales", "Berlin")


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({}, True),
        ({"department": "Sales"}, True),
        ({"department": "Sales", "location": "Berlin"}, True),
        ({"department": "Sales", "location": "Paris"}, False),
        ({"position_code": "SALES-7"}, True),
        ({"position_code": "SALES-8", "department": "Sales"}, False),
        ({"by_rule": False}, False),
        ({"by_rule": False, "department": "Sales"}, False),
    ],
)
def test_a_group_holds_those_whom_all_of_its_rule_fits(rule: dict[str, str], fits: bool) -> None:
    group = NewGroup.model_validate({"code": "G", "name": "G", **rule})
    assert group.fits(*SELLER) is fits


def test_whose_work_says_nothing_is_in_the_group_for_everybody_and_in_no_other() -> None:
    assert NewGroup(code="ALL", name="Everybody").fits(None, None, None)
    assert not NewGroup(code="BER", name="Berlin", location="Berlin").fits(None, None, None)
