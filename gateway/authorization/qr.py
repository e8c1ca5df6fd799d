"""QR codes as SVG (ISO/IEC 18004): byte mode, error correction M, versions 1 to 10, so 213 bytes at most.

The mask is always 0. The standard would have the best of eight taken, for the sake of worn print; screens
show any of them well.
"""

from collections.abc import Iterable, Iterator

QUIET = 4
"""Light modules around the symbol."""
_BLOCKS = [
    (10, [16]),
    (16, [28]),
    (26, [44]),
    (18, [32] * 2),
    (24, [43] * 2),
    (16, [27] * 4),
    (18, [31] * 4),
    (22, [38, 38, 39, 39]),
    (22, [36, 36, 36, 37, 37]),
    (26, [43, 43, 43, 43, 44]),
]
"""Of each version: correction bytes of a block, and the data bytes of every block (table 9)."""
_ALIGNED = [[], [18], [22], [26], [30], [34], [22, 38], [24, 42], [26, 46], [28, 50]]
"""Of each version: where alignment patterns are centred, besides 6 (annex E)."""

Modules = dict[tuple[int, int], bool]
"""Row and column, and whether it is dark."""


def svg(text: str, title: str) -> str:
    """A picture of the text for HTML, without any style. Raises ValueError when it is too long."""
    modules = symbol(text.encode())
    size = max(row for row, _ in modules) + 1 + 2 * QUIET
    dark = "".join(f"M{column + QUIET} {row + QUIET}h1v1h-1z" for (row, column), on in modules.items() if on)
    return (
        f'<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="{title}">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{dark}" fill="#000"/></svg>'
    )


def symbol(data: bytes) -> Modules:
    """The modules of the smallest symbol that holds the data."""
    for version, (_, blocks) in enumerate(_BLOCKS, 1):
        if len(data) <= sum(blocks) - (2 if version < 10 else 3):
            modules = _patterns(version)
            _fill(modules, 17 + 4 * version, _codewords(data, version))
            return modules
    raise ValueError(f"{len(data)} bytes are too many for a QR code")


# --- what is written ---


def _codewords(data: bytes, version: int) -> bytes:
    """Data and error correction, interleaved (sections 7.4 to 7.6)."""
    correction, blocks = _BLOCKS[version - 1]
    length_bits = 8 if version < 10 else 16
    bits = f"0100{len(data):0{length_bits}b}" + "".join(f"{byte:08b}" for byte in data) + "0000"
    bits += "0" * (-len(bits) % 8)
    written = bytearray(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))[: sum(blocks)]
    written += bytes((0xEC, 0x11)[number % 2] for number in range(sum(blocks) - len(written)))
    parts: list[bytes] = []
    for size in blocks:
        parts.append(bytes(written[:size]))
        del written[:size]
    corrections = [_remainder(part, correction) for part in parts]
    return bytes((*_interleaved(parts), *_interleaved(corrections)))


def _interleaved(parts: list[bytes]) -> Iterator[int]:
    for at in range(max(map(len, parts))):
        yield from (part[at] for part in parts if at < len(part))


def _times(a: int, b: int) -> int:
    """Product in GF(2^8) with the polynomial 0x11D."""
    product = 0
    for bit in range(7, -1, -1):
        product = (product << 1) ^ (0x11D if product & 0x80 else 0)
        product ^= a if b >> bit & 1 else 0
    return product


def _remainder(data: bytes, count: int) -> bytes:
    """Reed-Solomon correction bytes (section 7.5)."""
    divisor, root = [*[0] * (count - 1), 1], 1
    for _ in range(count):
        divisor = [
            _times(one, root) ^ (divisor[at + 1] if at + 1 < count else 0) for at, one in enumerate(divisor)
        ]
        root = _times(root, 2)
    left = [0] * count
    for byte in data:
        factor = byte ^ left[0]
        left = [one ^ _times(part, factor) for one, part in zip([*left[1:], 0], divisor, strict=True)]
    return bytes(left)


def _checked(value: int, bits: int, polynomial: int) -> int:
    """The value with its BCH remainder of so many bits behind it."""
    left = value << bits
    for shift in range(left.bit_length() - 1, bits - 1, -1):
        if left >> shift & 1:
            left ^= polynomial << (shift - bits)
    return value << bits | left


# --- where it is written ---


def _patterns(version: int) -> Modules:
    """Everything but the data (sections 6.3, 7.9, 7.10)."""
    size = 17 + 4 * version
    modules: Modules = {(8, at): False for at in range(9)} | {(at, 8): False for at in range(9)}
    for at in range(size):
        modules[6, at] = modules[at, 6] = at % 2 == 0
    for row, column in ((3, 3), (3, size - 4), (size - 4, 3)):
        _square(modules, row, column, 4, size)
    centres = [6, *_ALIGNED[version - 1]] if version > 1 else []
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for row in centres:
        for column in centres:
            if (row, column) not in corners:
                _square(modules, row, column, 2, size)
    _write_format(modules, size)
    if version >= 7:
        info = _checked(version, 12, 0x1F25)
        for at in range(18):
            place = at // 3, size - 11 + at % 3
            modules[place] = modules[place[1], place[0]] = bool(info >> at & 1)
    return modules


def _square(modules: Modules, row: int, column: int, reach: int, size: int) -> None:
    """Nested squares around a centre; light are the rings at 4 and 2 of finders, at 1 of the others."""
    light = (4, 2) if reach == 4 else (1,)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if 0 <= row + down < size and 0 <= column + right < size:
                modules[row + down, column + right] = max(abs(down), abs(right)) not in light


def _write_format(modules: Modules, size: int) -> None:
    """Correction M and mask 0, twice."""
    bits = [bool((_checked(0, 10, 0x537) ^ 0x5412) >> at & 1) for at in range(15)]
    around = [(at, 8) for at in (*range(6), 7, 8)] + [(8, at) for at in (7, *range(5, -1, -1))]
    apart = [(8, size - 1 - at) for at in range(8)] + [(size - 7 + at, 8) for at in range(7)]
    for places in (around, apart):
        modules.update(zip(places, bits, strict=True))
    modules[size - 8, 8] = True


def _fill(modules: Modules, size: int, codewords: bytes) -> None:
    """The bits, column pair by column pair from the right, up and down in turn, masked."""
    bits = iter(f"{int.from_bytes(codewords):0{8 * len(codewords)}b}")
    for place in _free(modules.keys(), size):
        dark = next(bits, "0") == "1"
        modules[place] = dark ^ (sum(place) % 2 == 0)


def _free(taken: Iterable[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    written = set(taken)
    columns = [*range(size - 1, 6, -2), *range(5, 0, -2)]
    return [
        (row, column - side)
        for number, column in enumerate(columns)
        for row in (range(size) if number % 2 else range(size - 1, -1, -1))
        for side in (0, 1)
        if (row, column - side) not in written
    ]
