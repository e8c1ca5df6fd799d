"""Blocking the event loop fails a test, whoever catches the error on its way."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"

OUR_CODE_BLOCKS = """
    import contextlib, pathlib, threading, time
    import pytest, triptych

    ours = pathlib.Path(triptych.__file__).parent / "stalling.py"
    names = {"time": time}
    exec(compile("def stall(): time.sleep(0)", ours, "exec"), names)
    stall = names["stall"]

    async def test_blocking_is_an_error():
        stall()

    async def test_catching_the_error_does_not_hide_it():
        with contextlib.suppress(Exception):
            stall()

    async def test_a_thread_may_block():
        thread = threading.Thread(target=stall)
        thread.start()
        while thread.is_alive():
            pass

    def test_without_a_loop_anything_may_block():
        stall()

    async def test_what_tests_do_themselves_is_their_own_affair():
        time.sleep(0)

    @pytest.mark.blocking("it is what this test is about")
    async def test_a_reason_exempts():
        stall()
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty test suite that stands on our conftest."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # importing them all takes seconds
    conftest = CONFTEST.read_text()
    assert 'pytest_plugins = ["tests.clone", "tests.landscape"]' in conftest
    pytester.makeconftest(
        conftest.replace('pytest_plugins = ["tests.clone", "tests.landscape"]', "")
    )  # heavy, and beside the point
    pytester.makeini("[pytest]\nanyio_mode = auto\nmarkers = blocking(reason): may block\n")
    return pytester


def test_a_blocked_event_loop_fails_the_test_even_where_the_error_is_caught(suite: pytest.Pytester):
    suite.makepyfile(OUR_CODE_BLOCKS)
    result = suite.runpytest_subprocess("-p", "anyio")
    result.assert_outcomes(passed=5, failed=1, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_catching_the_error_does_not_hide_it*",
            "*the event loop was blocked by time.sleep under *stalling.py:1",
        ]
    )


def test_an_exemption_without_a_reason_is_refused(suite: pytest.Pytester):
    suite.makepyfile("import pytest\n@pytest.mark.blocking('')\ndef test_lazy(): ...")
    result = suite.runpytest_subprocess("-p", "anyio")
    result.stderr.fnmatch_lines(["*test_lazy: say why*"])
