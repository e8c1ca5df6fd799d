"""Requests in odd spellings, and what is hidden in them."""

from tests.gateway.raw import HOST, ORDER, get, post

HIDDEN = (
    b"POST /shop/v1/orders HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer acme\r\n"
    b'Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"sku":"EVIL"}'
)
"""The request that an attacker wants to come out at the other end."""
CHUNKED = b"Transfer-Encoding: chunked"
END = b"0\r\n\r\n"


def chunked(body: bytes, *fields: bytes) -> bytes:
    """An order whose body is framed by these very bytes."""
    return post(*(fields or (CHUNKED,)), body=body)


def sized(*fields: bytes) -> bytes:
    """An order of the right length, with more header lines before it."""
    return post(*fields, b"Content-Length: 15")


def encoded(field: bytes) -> bytes:
    """A body that is chunked for whoever reads `field` as that, and has a length for everybody else."""
    return post(b"Content-Length: 5", field, body=END + HIDDEN)


def requested(line: bytes) -> bytes:
    """A request with this request line."""
    return line + b"\r\n" + HOST + b"\r\n"


LENGTHS: dict[str, bytes] = {
    "two lengths": post(b"Content-Length: 15", b"Content-Length: 15"),
    "two different lengths": post(b"Content-Length: 15", b"Content-Length: 0", body=ORDER + HIDDEN),
    "two different lengths, the other way round": post(b"Content-Length: 0", b"Content-Length: 15"),
    "a list of lengths": post(b"Content-Length: 15, 15"),
    "a list of different lengths": post(b"Content-Length: 0, 15"),
    "a signed length": post(b"Content-Length: +15"),
    "a negative length": post(b"Content-Length: -1"),
    "a negative nothing": post(b"Content-Length: -0", body=HIDDEN),
    "a hexadecimal length": post(b"Content-Length: 0xF"),
    "a length with a fraction": post(b"Content-Length: 15.0"),
    "a length with an exponent": post(b"Content-Length: 1e1", body=ORDER),
    "a length with a space inside": post(b"Content-Length: 1 5"),
    "a length with an underscore": post(b"Content-Length: 1_5"),
    "a quoted length": post(b'Content-Length: "15"'),
    "an empty length": post(b"Content-Length:", body=HIDDEN),
    "a length of spaces": post(b"Content-Length:   ", body=HIDDEN),
    "a length in other digits": post("Content-Length: \u0661\u0665".encode()),
    "a length with a zero byte": post(b"Content-Length: 15\0"),
    "a length with a vertical tab": post(b"Content-Length: \x0b15"),
    "a length beyond 64 bits": post(b"Content-Length: 18446744073709551631"),
    "a length beyond all bounds": post(b"Content-Length: 9" + b"9" * 60),
    "a length for a name with a space": post(b"Content-Length : 15"),
    "a length for a name with a tab": post(b"Content-Length\t: 15"),
}
"""CL.CL, and lengths that one parser takes and another one does not."""

ENCODINGS: dict[str, bytes] = {
    "a length, then chunked": encoded(b"Transfer-Encoding: chunked"),
    "chunked, then a length": post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=END + HIDDEN),
    "chunked in capitals beside a length": encoded(b"TRANSFER-ENCODING: CHUNKED"),
    "chunked after a tab": encoded(b"Transfer-Encoding:\tchunked"),
    "chunked without a space": encoded(b"Transfer-Encoding:chunked"),
    "chunked after a vertical tab": encoded(b"Transfer-Encoding: \x0bchunked"),
    "chunked before a vertical tab": encoded(b"Transfer-Encoding: chunked\x0b"),
    "chunked before spaces": encoded(b"Transfer-Encoding: chunked  "),
    "chunked in quotes": encoded(b'Transfer-Encoding: "chunked"'),
    "chunked with a parameter": encoded(b"Transfer-Encoding: chunked;q=1"),
    "chunked after nothing": encoded(b"Transfer-Encoding: , chunked"),
    "chunked before nothing": encoded(b"Transfer-Encoding: chunked,"),
    "chunked twice in one line": encoded(b"Transfer-Encoding: chunked, chunked"),
    "chunked and identity": encoded(b"Transfer-Encoding: chunked, identity"),
    "identity and chunked": encoded(b"Transfer-Encoding: identity, chunked"),
    "identity": encoded(b"Transfer-Encoding: identity"),
    "gzip and chunked": encoded(b"Transfer-Encoding: gzip, chunked"),
    "xchunked": encoded(b"Transfer-Encoding: xchunked"),
    "nothing": encoded(b"Transfer-Encoding:"),
    "another name with a space before the colon": encoded(b"Transfer-Encoding : chunked"),
    "a name after a space": encoded(b" Transfer-Encoding: chunked"),
    "a name after a tab": encoded(b"\tTransfer-Encoding: chunked"),
    "a name over two lines": encoded(b"Transfer-Encoding\r\n : chunked"),
    "a value in the next line": encoded(b"Transfer-Encoding:\r\n chunked"),
    "a line feed in the line before": encoded(b"X-A: b\nTransfer-Encoding: chunked"),
    "a carriage return in the line before": encoded(b"X-A: b\rTransfer-Encoding: chunked"),
    "a zero byte in the name": encoded(b"Transfer-\0Encoding: chunked"),
    "two lines, chunked first": post(CHUNKED, b"Transfer-Encoding: identity", body=END + HIDDEN),
    "two lines, chunked last": post(b"Transfer-Encoding: x", CHUNKED, body=END + HIDDEN),
    "two lines of chunked": post(CHUNKED, CHUNKED, body=END + HIDDEN),
    "gzip alone": post(b"Transfer-Encoding: gzip", body=HIDDEN),
    "compress before chunked": chunked(END + HIDDEN, b"Transfer-Encoding: compress, chunked"),
    "chunked in an older version": chunked(END + HIDDEN).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
}
"""CL.TE, TE.CL and TE.TE."""

CHUNKS: dict[str, bytes] = {
    "no size": chunked(b"\r\n" + ORDER + b"\r\n" + END),
    "a size in letters beyond f": chunked(b"zz\r\n" + ORDER + b"\r\n" + END),
    "a signed size": chunked(b"+f\r\n" + ORDER + b"\r\n" + END),
    "a negative size": chunked(b"-f\r\n" + ORDER + b"\r\n" + END),
    "a size with a prefix": chunked(b"0xf\r\n" + ORDER + b"\r\n" + END),
    "a size after a space": chunked(b" f\r\n" + ORDER + b"\r\n" + END),
    "a size beyond 64 bits": chunked(b"1000000000000000f\r\n" + ORDER + b"\r\n" + END),
    "a size of seventy digits": chunked(b"f" * 70 + b"\r\n" + ORDER + b"\r\n" + END),
    "a size that ends in a line feed": chunked(b"f\n" + ORDER + b"\r\n" + END),
    "a size that ends in a carriage return": chunked(b"f\r" + ORDER + b"\r\n" + END),
    "data that end in a line feed": chunked(b"f\r\n" + ORDER + b"\n" + END),
    "data that end in nothing": chunked(b"f\r\n" + ORDER + END),
    "data longer than the size": chunked(b"2\r\n" + ORDER + b"\r\n" + END),
    "a line feed in an extension": chunked(b"f;a=b\nc\r\n" + ORDER + b"\r\n" + END),
    "a carriage return in an extension": chunked(b"f;a=b\rc\r\n" + ORDER + b"\r\n" + END),
    "a zero byte in an extension": chunked(b"f;a=\0\r\n" + ORDER + b"\r\n" + END),
    "a trailer without a colon": chunked(b"f\r\n" + ORDER + b"\r\n0\r\nGET /shop/v1/hours HTTP/1.1\r\n\r\n"),
    "a folded trailer": chunked(b"f\r\n" + ORDER + b"\r\n0\r\nX-A: b\r\n c\r\n\r\n"),
    "a trailer that frames": chunked(b"f\r\n" + ORDER + b"\r\n0\r\nTransfer-Encoding : x\r\n\r\n"),
    "a length in a trailer": chunked(b"f\r\n" + ORDER + b"\r\n0\r\nContent-Length: 0\r\n\r\n"),
    "an end in line feeds": chunked(b"f\r\n" + ORDER + b"\r\n0\n\n" + HIDDEN),
}
"""Chunked bodies that say their size in odd ways."""

HEADERS: dict[str, bytes] = {
    "no host": post(b"Content-Length: 15", host=b""),
    "two hosts": sized(b"Host: other.test"),
    "two hosts in one": post(b"Content-Length: 15", host=b"Host: gateway.test, other.test\r\n"),
    "an empty host": post(b"Content-Length: 15", host=b"Host:\r\n"),
    "a host with a space": post(b"Content-Length: 15", host=b"Host: a b\r\n"),
    "a host with a path": post(b"Content-Length: 15", host=b"Host: gateway.test/x\r\n"),
    "a host with a user": post(b"Content-Length: 15", host=b"Host: x@gateway.test\r\n"),
    "a host with a port that is none": post(b"Content-Length: 15", host=b"Host: gateway.test:80x\r\n"),
    "a host with a zero byte": post(b"Content-Length: 15", host=b"Host: gateway\0.test\r\n"),
    "a host for a name with a space": post(b"Content-Length: 15", host=b"Host : gateway.test\r\n"),
    "a folded header": sized(b"X-A: b\r\n c"),
    "a header folded with a tab": sized(b"X-A: b\r\n\tc"),
    "a first line that is folded": post(b"Content-Length: 15", host=b" Host: gateway.test\r\n"),
    "a bare line feed": sized(b"X-A: b\nX-B: c"),
    "a bare carriage return": sized(b"X-A: b\rX-B: c"),
    "only line feeds": sized().replace(b"\r\n", b"\n"),
    "a line feed at the end of the head": sized().replace(b"\r\n\r\n", b"\r\n\n"),
    "a zero byte in a value": sized(b"X-A: b\0c"),
    "a zero byte in a name": sized(b"X-\0A: b"),
    "a control character in a value": sized(b"X-A: b\x1fc"),
    "a delete in a value": sized(b"X-A: b\x7fc"),
    "a name without a colon": sized(b"X-A"),
    "no name": sized(b": b"),
    "a name with a space": sized(b"X A: b"),
    "a name with a bracket": sized(b"X(A): b"),
    "a name in other letters": sized("X-\u00c4: b".encode()),
    "a body before HTTP/2": sized(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"),
    "a body before a WebSocket": sized(b"Connection: Upgrade", b"Upgrade: websocket"),
    "chunks before a WebSocket": chunked(END + HIDDEN, b"Connection: upgrade", b"Upgrade: x", CHUNKED),
    "two tokens": sized(b"Authorization: Bearer other"),
    "two keys": sized(b"Idempotency-Key: k2"),
    "two kinds": sized(b"Content-Type: text/plain"),
    "two origins": sized(b"Origin: https://shop.example", b"Origin: null"),
}
"""Header fields that two servers could read differently."""

LINES: dict[str, bytes] = {
    "another host as target": sized().replace(b" /shop", b" http://evil.test/shop", 1),
    "another port as target": sized().replace(b" /shop", b" http://gateway.test:81/shop", 1),
    "a user in the target": sized().replace(b" /shop", b" http://gateway.test@evil.test/shop", 1),
    "another scheme as target": sized().replace(b" /shop", b" ftp://gateway.test/shop", 1),
    "a target without a host": sized().replace(b" /shop", b" http:///shop", 1),
    "a target without a slash": sized().replace(b" /shop", b" shop", 1),
    "a target with a fragment": sized().replace(b"/orders ", b"/orders#x ", 1),
    "a target with a space": sized().replace(b"/orders ", b"/orders x ", 1),
    "a target with a tab": sized().replace(b"/orders ", b"/orders\tx ", 1),
    "a target with a zero byte": sized().replace(b"/orders ", b"/orders\0 ", 1),
    "a target in other letters": sized().replace(b"/orders ", "/ord\u00e9rs ".encode(), 1),
    "no target": requested(b"GET  HTTP/1.1"),
    "an asterisk": requested(b"OPTIONS * HTTP/1.1"),
    "a tunnel": requested(b"CONNECT evil.test:443 HTTP/1.1"),
    "a tunnel to a path": requested(b"CONNECT /shop/v1/hours HTTP/1.1"),
    "tabs": requested(b"GET\t/shop/v1/hours\tHTTP/1.1"),
    "a space before the method": requested(b" GET /shop/v1/hours HTTP/1.1"),
    "a space after the version": requested(b"GET /shop/v1/hours HTTP/1.1 "),
    "a method in small letters": requested(b"get /shop/v1/hours HTTP/1.1"),
    "a method that nobody knows": requested(b"GETT /shop/v1/hours HTTP/1.1"),
    "a method with a zero byte": requested(b"GE\0T /shop/v1/hours HTTP/1.1"),
    "no method": requested(b"/shop/v1/hours HTTP/1.1"),
    "no version": b"GET /shop/v1/hours\r\n\r\n",
    "half a version": requested(b"GET /shop/v1/hours HTTP/1"),
    "version 0.9": requested(b"GET /shop/v1/hours HTTP/0.9"),
    "version 1.2": requested(b"GET /shop/v1/hours HTTP/1.2"),
    "version 1.11": requested(b"GET /shop/v1/hours HTTP/1.11"),
    "version 01.1": requested(b"GET /shop/v1/hours HTTP/01.1"),
    "version 2.0": requested(b"GET /shop/v1/hours HTTP/2.0"),
    "another protocol": requested(b"GET /shop/v1/hours ICE/1.0"),
    "a protocol in small letters": requested(b"GET /shop/v1/hours http/1.1"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0",
    "TLS on a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "the PROXY protocol": b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + get(b"/shop/v1/hours"),
    "words": b"A" * 10 + b"\r\n\r\n",
}
"""Request lines that are none, or that lead somewhere else."""

REFUSED: dict[str, dict[str, bytes]] = {
    "length": LENGTHS,
    "encoding": ENCODINGS,
    "chunk": CHUNKS,
    "header": HEADERS,
    "line": LINES,
}

TOLERATED: dict[str, bytes] = {
    "an empty line before": b"\r\n" + sized(),
    "two spaces after the method": sized().replace(b"POST /", b"POST  /", 1),
    "two spaces before the version": sized().replace(b"/orders ", b"/orders  ", 1),
    "our own host in the target": sized().replace(b" /shop", b" http://gateway.test/shop", 1),
    "our own host in capitals": sized().replace(b" /shop", b" HTTP://GATEWAY.test/shop", 1),
    "names in capitals": post(b"CONTENT-LENGTH: 15"),
    "a length with zeros before": post(b"Content-Length: 00015"),
    "a length after spaces": post(b"Content-Length:  15"),
    "a length before spaces": post(b"Content-Length: 15  "),
    "a length between tabs": post(b"Content-Length:\t15\t"),
    "a value before blanks": chunked(b"f\r\n" + ORDER + b"\r\n" + END, b"X-A: b \t", CHUNKED),
    "a body in a single chunk": chunked(b"f\r\n" + ORDER + b"\r\n" + END),
    "a body in chunks of an octet": chunked(b"".join(b"1\r\n%c\r\n" % one for one in ORDER) + END),
    "a chunk size in capitals": chunked(b"F\r\n" + ORDER + b"\r\n" + END),
    "a chunk size with zeros before": chunked(b"000000f\r\n" + ORDER + b"\r\n" + END),
    "chunk extensions": chunked(b'f;a=b;c="d;e"\r\n' + ORDER + b"\r\n0;f\r\n\r\n"),
    "trailers": chunked(b"f\r\n" + ORDER + b"\r\n0\r\nX-Late: 1\r\nHost: evil.test\r\n\r\n"),
    "chunked in capitals": chunked(b"f\r\n" + ORDER + b"\r\n" + END, b"TRANSFER-ENCODING: CHUNKED"),
    "chunked after spaces": chunked(b"f\r\n" + ORDER + b"\r\n" + END, b"Transfer-Encoding:   chunked"),
    "a name that only looks like it": sized(b"Transfer_Encoding: chunked"),
    "a value in other letters": sized("X-A: \u00e4".encode()),
    "a protocol offered without asking": sized(b"Upgrade: h2c", b"HTTP2-Settings: AAA"),
    "an expectation": sized(b"Expect: 100-continue"),
}
"""Orders that RFC 9112 allows, or allows to be read; behind each, the attacker hopes for another one."""
