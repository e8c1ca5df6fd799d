"""nginx and HAProxy with the files of examples/fronts/, before a gateway of this process."""

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

from tests.conftest import absent
from tests.docs.blocks import PROJECT
from triptych.serving.server import listen

FILES = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}
LISTENING = {"nginx": "listen 8080;", "haproxy": "bind :8080"}
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def program(name: str) -> str:
    """Where it is; skips, or fails, where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    return found or absent(f"{name} is not installed")


def configured(name: str, gateway: int, port: int, folder: Path, listening: str) -> Path:
    """The file as it stands, but for addresses, for where nginx may write, and how often HAProxy asks."""
    text = (PROJECT / "examples/fronts" / FILES[name]).read_text()
    here = re.sub(r"(listen |bind ):?\d+", rf"\g<1>127.0.0.1:{port}", listening or LISTENING[name], count=1)
    for old, new in {LISTENING[name]: here, "gateway:8000": f"127.0.0.1:{gateway}"}.items():
        assert old in text, f"{FILES[name]} has no {old}"
        text = text.replace(old, new)
    text = text.replace("inter 2s", "inter 1h")  # other tests of this process watch what is asked
    if name == "nginx":
        paths = "".join(f"    {one}_temp_path {folder}/{one};\n" for one in TEMPORARY)
        text = text.replace("http {\n", f"http {{\n    access_log off;\n{paths}", 1)
    file = folder / FILES[name]
    file.write_text(text)
    return file


def command(name: str, file: Path) -> list[str]:
    """What starts it in the foreground."""
    if name == "haproxy":
        return [program(name), "-db", "-f", str(file)]
    rights = "user root; " if os.geteuid() == 0 else ""
    more = f"{rights}daemon off; pid {file.parent}/nginx.pid; error_log stderr crit;"
    return [program(name), "-p", str(file.parent), "-c", str(file), "-g", more]


@contextlib.asynccontextmanager
async def fronted(name: str, gateway: int, folder: Path, listening: str = "") -> AsyncGenerator[int]:
    """The port of a front that passes everything on to the gateway's; `listening` replaces how it listens."""
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    taken.close()
    file = configured(name, gateway, port, folder, listening)
    process = await asyncio.create_subprocess_exec(*command(name, file))
    try:
        async with asyncio.timeout(60):
            while not await _answers(port):
                assert process.returncode is None, f"{name} has ended"
                await asyncio.sleep(0.02)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            process.terminate()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
