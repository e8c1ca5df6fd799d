"""What `triptych new` writes runs as it is, and keeps the rules: in a company's repository and in ours."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from triptych.scaffold.writing import Kind, Order, ScaffoldError, plural, write

PROJECT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
PYRIGHT = """
[tool.pyright]
typeCheckingMode = "strict"
extraPaths = [{roots}]
"""

ORDERS = [
    Order("system", "loyalty", "loyalty card", "marketing", package="acme"),
    Order("process", "contract-renewal", "renewal", "sales", ("crm", "inventory-availability"), "acme"),
    Order("process", "audit-trail", "run", "audit", package="acme"),
    Order("experience", "courier-app", "view", "logistics", ("warehouse",), "acme"),
    Order("experience", "kiosk", "view", "retail", package="acme"),
]


def checked(*command: str | Path, cwd: Path, **environment: str) -> str:
    """The output of a command that has to succeed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company's repository with a service of each kind, with and without services that they call."""
    home = tmp_path_factory.mktemp("company")
    (home / "acme").mkdir()
    (home / "acme" / "__init__.py").write_text('"""Acme\'s services."""\n')
    points = "\n\n".join(write(order, home).entry_points for order in ORDERS)
    information = home / "acme-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(_merged(points))
    ours = ["", "system-apis", "process-apis", "experience-apis"]
    roots = ", ".join(f'"{PROJECT / root}"' for root in ours)
    settings = (PROJECT / "pyproject.toml").read_text()
    ruff = settings[settings.index("[tool.ruff]") : settings.index("[tool.coverage")]
    own = ruff.replace('src = [".", "system-apis", "process-apis", "experience-apis"]\n', "")
    (home / "pyproject.toml").write_text(own + PYRIGHT.format(roots=roots))
    return home


def _merged(points: str) -> str:
    """Entry points as a wheel has them: each group once, without TOML's quotes."""
    groups: dict[str, list[str]] = {}
    group: list[str] = []
    for line in points.replace('"', "").splitlines():
        if line.startswith("["):
            group = groups.setdefault(line.removeprefix("[project.entry-points.").rstrip("]"), [])
        elif line:
            group.append(line)
    return "\n".join("\n".join([f"[{name}]", *lines]) for name, lines in groups.items())


def test_the_tests_of_what_is_written_pass_and_its_services_are_found(company: Path) -> None:
    output = checked(
        BIN / "python", "-m", "pytest", "-q", "-W", "error", "tests", cwd=company, PYTHONPATH=str(company)
    )
    listed = checked(BIN / "triptych", "services", cwd=company, PYTHONPATH=str(company))

    assert "7 passed" in output
    assert all(order.name in listed for order in ORDERS)


def test_a_process_that_runs_and_is_durable_tested_and_documented_has_less_than_sixty_lines(
    tmp_path: Path,
) -> None:
    written = write(Order("process", "returns", "case", "sales", ("crm",), package="acme"), tmp_path)
    lines = [line for file in written.files for line in file.read_text().splitlines() if line]
    assert len(lines) < 60


def test_what_is_written_is_formatted_free_of_mistakes_and_fully_typed(company: Path) -> None:
    checked(BIN / "ruff", "check", ".", cwd=company)
    checked(BIN / "ruff", "format", "--check", ".", cwd=company)
    checked(BIN / "pyright", "--pythonpath", BIN / "python", cwd=company)


@pytest.mark.parametrize("kind", ["system", "process", "experience"])
def test_what_is_written_into_our_own_repository_keeps_the_tiers_and_the_rules_of_the_house(
    tmp_path: Path, kind: Kind
) -> None:
    for name in ("triptych", "gateway", "demo", "system-apis", "process-apis", "experience-apis", "tools"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    calls = {"system": (), "process": ("crm",), "experience": ("customer-360", "crm")}[kind]
    written = write(Order(kind, "loyalty", "loyalty card", "marketing", calls), tmp_path)
    roots = [str(tmp_path / root) for root in ("", "system-apis", "process-apis", "experience-apis")]

    checked(BIN / "ruff", "check", *written.files, cwd=tmp_path)
    checked(BIN / "ruff", "format", "--check", *written.files, cwd=tmp_path)
    checked(BIN / "lint-imports", "--no-cache", cwd=tmp_path, PYTHONPATH=os.pathsep.join(roots))
    ruled = subprocess.run(
        [BIN / "python", "-m", "tools.house_rules"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "loyalty" not in ruled.stdout


def refused(order: Order, folder: Path, said: str) -> None:
    """The order is refused with these words, and nothing is written."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(ScaffoldError, match=said):
        write(order, folder)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (Order("system", "Loyalty", "card", "x", package="acme"), "write it like loyalty-cards"),
        (Order("system", "loyalty", "Card!", "x", package="acme"), "write it small and in the singular"),
        (Order("process", "call-back", "call back", "x", package="acme"), "the service's name already"),
        (Order("system", "crm", "card", "x", package="acme"), "crm is installed already"),
        (Order("system", "loyalty", "card", "x", ("crm",), "acme"), "calls no other service"),
        (Order("process", "loyalty", "card", "x", ("moon",), "acme"), "no service moon to call"),
        (Order("process", "loyalty", "card", "x", ("partner",), "acme"), "only the tiers below"),
        (Order("experience", "loyalty", "card", "x", ("partner",), "acme"), "only the tiers below"),
        (Order("system", "loyalty", "card", "x"), "--package"),
    ],
)
def test_what_cannot_be_begun_is_refused_with_the_reason(tmp_path: Path, order: Order, said: str) -> None:
    refused(order, tmp_path, said)


def test_a_service_that_exists_is_not_written_over(tmp_path: Path) -> None:
    order = Order("experience", "kiosk", "view", "retail", package="acme")
    write(order, tmp_path)

    refused(order, tmp_path, "exists already")


@pytest.mark.parametrize(
    ("one", "many"),
    [("card", "cards"), ("loyalty", "loyalties"), ("box", "boxes"), ("day", "days"), ("batch", "batches")],
)
def test_nouns_have_their_regular_plurals(one: str, many: str) -> None:
    assert plural(one) == many
