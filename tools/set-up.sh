#!/bin/sh
# Makes .venv, or brings it up to date with a lock file.
#
# Usage: tools/set-up.sh LOCK      (PYTHON=... names an interpreter; otherwise the newest that fits is taken)
set -eu

lock=$1
# Before 3.11.3 a time-out inside another one can end as a cancellation (CPython's issue 102780).
fits='import sys; sys.exit(not (3, 11, 3) <= sys.version_info[:3] < (3, 14))'
version='import sys; print("%d.%d.%d" % sys.version_info[:3])'

say() { printf '%s\n' "$*" >&2; }

find_python() {
    # A name on the PATH may be a shim that has nothing behind it, so each candidate has to run.
    found=
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        if seen=$("$candidate" -c "$version" 2>/dev/null); then
            if "$candidate" -c "$fits"; then
                echo "$candidate"
                return
            fi
            found=${found:-$seen}
        fi
    done
    say "Triptych needs Python 3.11.3 to 3.13; found ${found:-none}. Set PYTHON=python3.12"
    exit 1
}

install() {
    if command -v uv >/dev/null; then
        uv pip install --quiet --python .venv/bin/python "$@"
    else
        # A .venv that uv made has no pip in it.
        .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
        # Twice quiet leaves the errors. It is pip's one-line notices that go.
        .venv/bin/python -m pip install -qq --disable-pip-version-check "$@"
    fi
}

if ! .venv/bin/python -c "$fits" 2>/dev/null; then
    python=$(find_python)
    if ! "$python" -m venv --clear .venv; then
        say "'$python -m venv .venv' failed; on Debian and Ubuntu the package python3-venv brings what it needs."
        exit 1
    fi
fi

say "installing $(grep -c '^[a-z0-9]' "$lock") packages into .venv, about a minute"
# Two steps: pip checks hashes for all it installs or for nothing, and this folder has none.
install --require-hashes -r "$lock"
install --no-deps --no-build-isolation -e .
