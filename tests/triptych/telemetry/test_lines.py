"""Standard error that several processes share: lines are whole, however long they are."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

WRITERS, LINES, LONG = 4, 60, 20_000
PROGRAM = f"""
import sys
from contextlib import ExitStack
from triptych.telemetry.lines import share_standard_error
share_standard_error(int(sys.argv[1]))
print("there", flush=True)
sys.stdin.read()
for number in range({LINES}):
    sys.stderr.write(sys.argv[2] * (50 if number % 2 else {LONG}) + "\\n")
"""


def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with (tmp_path / "lock").open("w") as lock, ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", PROGRAM, str(lock.fileno()), letter],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=writing,
                    pass_fds=[lock.fileno()],
                )
            )
            for letter in "abcd"
        ]
        os.close(writing)
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"there\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        with open(reading) as pipe:
            said = pipe.read()
    assert [process.returncode for process in processes] == [0] * WRITERS
    found = said.splitlines()
    assert len(found) == WRITERS * LINES
    assert all(len(set(line)) == 1 and len(line) in (50, LONG) for line in found)
