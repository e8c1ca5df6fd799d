"""The lock in the data folder, and the socket where its holder takes commands."""

import os
import stat
from pathlib import Path

import orjson
import pytest

from triptych.running.data_folder import LOCK_FILE, DataFolder, DataFolderError, DataFolderInUse, Holder


def test_a_held_folder_names_its_holder_and_refuses_others(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "var")

    with folder.held("up") as held:
        held.answers_at("http://127.0.0.1:8000")
        assert folder.holder() == Holder(os.getpid(), "up", "http://127.0.0.1:8000")
        with pytest.raises(DataFolderInUse, match=f"process {os.getpid()}, `triptych up` at http://127"):
            folder.held("load").__enter__()

    assert folder.holder() is None
    with folder.held("load"):
        assert folder.holder() == Holder(os.getpid(), "load")


def test_the_text_of_a_killed_holder_does_not_count(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_bytes(orjson.dumps({"pid": 1, "doing": "up", "address": "http://x"}))

    assert DataFolder(tmp_path).holder() is None
    with DataFolder(tmp_path).held("up") as held:
        assert held.folder.holder() == Holder(os.getpid(), "up")


def test_a_lock_keys_and_hidden_files_leave_a_folder_empty(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    for name in (LOCK_FILE, "secret.key", ".gitkeep"):
        (tmp_path / name).touch()

    assert folder.empty()
    assert DataFolder(tmp_path / "absent").empty()
    (tmp_path / "crm.db").touch()
    assert not folder.empty()


def test_the_socket_of_a_folder_with_a_long_path_is_elsewhere_and_for_its_owner_only(tmp_path: Path) -> None:
    short, long = DataFolder(Path("/tmp/v")), DataFolder(tmp_path / ("deep" * 30))

    with long.held("up") as held:
        path = held.socket_path()

        assert short.control_socket == Path("/tmp/v/control.sock")
        assert len(os.fsencode(path)) <= 100
        assert path == DataFolder(tmp_path / ("deep" * 30)).control_socket
        assert path != DataFolder(tmp_path / ("reef" * 30)).control_socket
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DataFolderError, match="TRIPTYCH_DATA"), DataFolder(tmp_path / "file").held("up"):
        pytest.fail("a file is no folder")
