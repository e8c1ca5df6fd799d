"""What a process holds on to."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import threading
from argon2 import PasswordHasher
from triptych.running.memory import give_back_large_blocks

def resident():
    with open("/proc/self/statm") as found:
        return int(found.read().split()[1]) * 4096

def hash_some():
    for _ in range(3):
        PasswordHasher(1, 19_456, 1).hash("secret")

give_back_large_blocks()
before = resident()
thread = threading.Thread(target=hash_some)
thread.start()
thread.join()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc keeps large blocks")
def test_hashing_passwords_leaves_no_memory_behind() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert int(ran.stdout) < 8_000_000
