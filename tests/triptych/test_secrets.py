"""The secret key: where it comes from, what follows from it, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from triptych.secrets import SecretKeyError, Secrets
from triptych.settings import Settings

KEY = "0123456789abcdef0123456789abcdef"


def test_each_purpose_has_a_key_of_its_own_and_always_the_same(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, secret_key=SecretStr(KEY))
    keys = {purpose: Secrets(settings).key(purpose) for purpose in ("cursors", "tokens", "")}
    assert {len(key) for key in keys.values()} == {32}
    assert len(set(keys.values())) == 3
    assert keys == {purpose: Secrets(settings).key(purpose) for purpose in keys}
    assert not list(tmp_path.iterdir())


def test_a_key_is_that_of_rfc_5869(tmp_path: Path) -> None:
    """Worked out by hand with HMAC, so that other programs can derive it too."""
    import hashlib
    import hmac

    extracted = hmac.digest(b"\0" * 32, KEY.encode(), hashlib.sha256)
    expected = hmac.digest(extracted, b"triptych cursors\x01", hashlib.sha256)
    assert Secrets(Settings(data=tmp_path, secret_key=SecretStr(KEY))).key("cursors") == expected


def test_another_root_gives_other_keys(tmp_path: Path) -> None:
    one = Settings(data=tmp_path, secret_key=SecretStr(KEY))
    other = Settings(data=tmp_path, secret_key=SecretStr(KEY[::-1]))
    assert Secrets(one).key("cursors") != Secrets(other).key("cursors")


def test_in_one_process_a_key_is_made_and_kept(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "new")
    key = Secrets(settings).key("cursors")
    file = tmp_path / "new" / "secret.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret.key"]
    assert Secrets(settings).key("cursors") == key


def test_processes_that_start_at_once_agree_on_a_key(tmp_path: Path) -> None:
    def start(_: int) -> bytes:
        return Secrets(Settings(data=tmp_path / "new")).key("cursors")

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(start, range(16)))) == 1


def test_the_key_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    in_file = Settings(data=tmp_path, secret_key_file=tmp_path / "key", topology="split")
    given = Settings(data=tmp_path, secret_key=SecretStr(KEY))
    assert Secrets(in_file).key("cursors") == Secrets(given).key("cursors")


def test_processes_of_their_own_need_a_common_key(tmp_path: Path) -> None:
    with pytest.raises(SecretKeyError, match="Set TRIPTYCH_SECRET_KEY"):
        Secrets(Settings(data=tmp_path, topology="split"))
    assert not list(tmp_path.iterdir())


def test_a_short_key_is_refused_without_being_told(tmp_path: Path) -> None:
    with pytest.raises(SecretKeyError, match="TRIPTYCH_SECRET_KEY holds a key of 6 bytes") as caught:
        Secrets(Settings(data=tmp_path, secret_key=SecretStr("secret")))
    assert "secret" not in str(caught.value).replace("TRIPTYCH_SECRET_KEY", "")


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretKeyError, match="absent"):
        Secrets(Settings(data=tmp_path, secret_key_file=tmp_path / "absent"))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe" * 40)
    with pytest.raises(SecretKeyError, match="bytes"):
        Secrets(Settings(data=tmp_path, secret_key_file=tmp_path / "bytes"))


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretKeyError, match=r"file.*TRIPTYCH_DATA"):
        Secrets(Settings(data=tmp_path / "file"))
