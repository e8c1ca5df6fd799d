"""One-time passwords against the vectors of their RFC, and QR codes against another implementation's."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.authorization import totp
from gateway.authorization.qr import svg, symbol

SEED = b"12345678901234567890"
TEXT = "otpauth://totp/Triptych:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Triptych&" * 3
TRIPTYCH = """\
#######...##..#######
#.....#.##....#.....#
#.###.#....##.#.###.#
#.###.#..#..#.#.###.#
#.###.#.#.###.#.###.#
#.....#....#..#.....#
#######.#.#.#.#######
.........#...........
#.#.#.#.....#...#..#.
.##.##.#..##.#####..#
.##.########..###..##
..##.#...#.###..#..#.
#.#.###.##.#..#.#..##
........#.#...#####.#
#######.....#..######
#.....#..##...#....#.
#.###.#.##..#.#..#...
#.###.#..#.#.#..##.#.
#.###.#.#.##.####.#.#
#.....#....###.#...#.
#######.#.##.#####.##"""
"""Made by the package qrcode 8 with correction M and mask 0, as are the hashes below."""


def drawn(text: str) -> str:
    modules = symbol(text.encode())
    size = max(row for row, _ in modules) + 1
    assert len(modules) == size * size
    return "\n".join("".join(".#"[modules[row, column]] for column in range(size)) for row in range(size))


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(moment: int, code: str):
    """Appendix B, of whose eight digits six are shown."""
    assert totp.code(SEED, moment // totp.PERIOD) == code[-6:]


@pytest.mark.parametrize(
    ("counter", "code"), list(enumerate(["755224", "287082", "359152", "969429", "338314"]))
)
def test_codes_are_those_of_rfc_4226(counter: int, code: str):
    assert totp.code(SEED, counter) == code


@given(now=st.integers(10**9, 2 * 10**9), off=st.integers(-3, 3))
def test_a_clock_may_be_off_by_one_step(now: int, off: int):
    step = now // totp.PERIOD + off
    found = totp.step_of(SEED, totp.code(SEED, step), now)
    assert (found == step) == (abs(off) <= 1)


def test_the_address_is_what_every_app_reads():
    assert totp.address(SEED, "ada lovelace@example.com", "Triptych") == (
        "otpauth://totp/Triptych:ada%20lovelace@example.com"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Triptych"
    )
    assert totp.typed(SEED) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert len(totp.address(SEED, f"{'a' * 240}@example.com", "Triptych")) <= 213


def test_a_symbol_is_drawn_module_for_module_as_others_draw_it():
    assert drawn("triptych") == TRIPTYCH


@pytest.mark.parametrize(
    ("length", "size", "digest"),
    [
        (10, 21, "83b797cf3f6040d1"),
        (25, 25, "0502a2f669953758"),
        (40, 29, "1adbc6e2567ef6ab"),
        (60, 33, "12a900518068b0ec"),
        (80, 37, "fc7ca2a18f6d431a"),
        (100, 41, "c92dd9273ddd67fc"),
        (120, 45, "dbf7c7ccaabe096a"),
        (150, 49, "db4cc1d65704aa8b"),
        (175, 53, "6b34966d28bf2adc"),
        (213, 57, "fd93300fd29b88d2"),
    ],
)
def test_every_version_is_drawn_as_others_draw_it(length: int, size: int, digest: str):
    lines = drawn(TEXT[:length])
    bits = lines.replace("\n", "").replace(".", "0").replace("#", "1")
    assert len(lines.split("\n")) == size
    assert hashlib.sha256(bits.encode()).hexdigest()[:16] == digest


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="too many for a QR code"):
        symbol(b"a" * 214)


def test_the_picture_needs_no_style_and_says_what_it_is():
    picture = svg("triptych", "QR code")
    assert 'viewBox="0 0 29 29"' in picture
    assert 'aria-label="QR code"' in picture
    assert "style" not in picture
    assert picture.count("h1v1h-1z") == TRIPTYCH.count("#")
