"""How each gateway is started: nginx, HAProxy and Node with files that are written here, and our own."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.gateway.tokens import Tokens
from bench.processes import TRIPTYCH, Missing, Served, free_port, served
from tools.compiled import CannotCompile, compile_into

FILES = Path(__file__).parent / "files"
PLENTY = json.dumps({"internal": {"burst": 1_000_000, "day": 1_000_000_000}, "oauth": {"burst": 1_000_000}})
PATH = "/partner/v1/products"
ORDERS = "/partner/v1/orders"


def program(name: str) -> str:
    """Where a program is; raises Missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def configured(name: str, into: Path, **values: object) -> Path:
    """A file of `files/`, with its `@NAME@` replaced, in that folder."""
    text = (FILES / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", str(value))
    written = into / f"{name}-{values.get('port', 'x')}"
    written.write_text(text)
    return written


def pinned(core: int, *command: str) -> list[str]:
    """The command, held to one processor."""
    return [program("taskset"), "-c", str(core), *command]


@contextmanager
def service(core: int, size: int = 1024) -> Generator[int]:
    """nginx as the service behind all gateways: the same JSON of that size, whatever is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        text = json.dumps({"items": [], "next_cursor": None, "pad": "x" * (size - 45)})
        answer = f"add_header ETag '\"1\"'; return 200 '{text}';"
        if size > 4_000:  # more than a word of nginx's configuration may have
            Path(folder, "answer.json").write_text(text)
            Path(folder).chmod(0o755)  # its workers are not us
            answer = f"root {folder}; try_files /answer.json =404;"
        file = configured("service.conf", Path(folder), port=port, folder=folder, answer=answer)
        with served(pinned(core, program("nginx"), "-p", folder, "-c", str(file)), port, "/"):
            yield port


@contextmanager
def nginx(core: int, behind: int, certificate: Path | None = None) -> Generator[Served]:
    """nginx as a plain reverse proxy: no token, no limit, no log; with a certificate, over TLS."""
    tls = (
        ""
        if certificate is None
        else f" ssl; ssl_certificate {certificate}; ssl_certificate_key {certificate}"
    )
    scheme = "http" if certificate is None else "https"
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        file = configured("proxy.conf", Path(folder), port=port, folder=folder, behind=behind, tls=tls)
        command = pinned(core, program("nginx"), "-p", folder, "-c", str(file))
        with served(command, port, "/", scheme) as found:
            yield found


def self_signed(folder: Path) -> Path:
    """A certificate for this machine, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    file = folder / "certificate.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, kind, plain)
    )
    return file


@contextmanager
def haproxy(core: int, behind: int, tokens: Tokens) -> Generator[Served]:
    """HAProxy that verifies RS256 tokens, asks for the scope and counts requests."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        key = Path(folder) / "key.pem"
        key.write_bytes(tokens.public_pem)
        file = configured("haproxy.cfg", Path(folder), port=port, behind=behind, key=key)
        with served(pinned(core, program("haproxy"), "-db", "-f", str(file)), port, "/healthz") as found:
            yield found


@contextmanager
def node(core: int, behind: int, tokens: Tokens, script: str, packages: tuple[str, ...]) -> Generator[Served]:
    """A gateway of `files/` on Node, with the packages that it needs installed beside it."""
    program("node")
    folder = Path("var/bench/node").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if not all((folder / "node_modules" / package.rpartition("@")[0]).is_dir() for package in packages):
        install = [program("npm"), "install", "--no-save", "--no-package-lock", "--no-audit", *packages]
        subprocess.run(install, cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own words
    (folder / "key.pem").write_bytes(tokens.public_pem)
    port = free_port()
    file = configured(script, folder, port=port, behind=behind, key=folder / "key.pem")
    file = file.rename(folder / f"{port}-{script}")
    try:
        with served(pinned(core, program("node"), str(file)), port, "/healthz") as found:
            yield found
    finally:
        file.unlink()


@contextmanager
def naive(core: int, behind: int, tokens: Tokens) -> Generator[Served]:
    """FastAPI, httpx and slowapi, put together as is often done."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        key = Path(folder) / "key.pem"
        key.write_bytes(tokens.public_pem)
        command = pinned(core, sys.executable, str(FILES / "naive.py"), str(port), str(behind), str(key))
        with served(command, port, "/healthz") as found:
            yield found


@cache
def compiled() -> dict[str, str]:
    """What has a gateway run as the image does, its hot path compiled; nothing where that cannot be done."""
    folder = Path("build/compiled").absolute()
    try:
        compile_into(folder)
    except CannotCompile as reason:
        sys.stderr.write(f"gateway: the edge is interpreted, as {reason}\n")
        return {}
    return {"PYTHONPATH": str(folder)}


@contextmanager
def edge(core: int, behind: int, data: Path, secret: str, **more: str) -> Generator[Served]:
    """`triptych serve gateway` with everything on: token, scope, limits, versions, ids, log, metrics."""
    port = free_port()
    settings = {
        **compiled(),
        "TRIPTYCH_DATA": str(data),
        "TRIPTYCH_SECRET_KEY": secret,
        "TRIPTYCH_PLANS": PLENTY,
        "TRIPTYCH_PARTNER_URL": f"http://127.0.0.1:{behind}",
        "TRIPTYCH_PUBLIC_URL": "https://gateway.example",
        "TRIPTYCH_ACCESS_LOG": "true",
        **more,
    }
    command = pinned(core, TRIPTYCH, "serve", "gateway", "--port", str(port))
    scheme = "https" if "TRIPTYCH_TLS_CERTIFICATE" in more else "http"
    with served(command, port, "/healthz", scheme, **settings) as found:
        yield found
