"""The guide's example does what the guide says."""

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from systems.crm.contract import Crm
from systems.crm.service import CrmService
from systems.erp.contract import Erp
from systems.erp.service import ErpService
from triptych.assembly.platform import Platform
from triptych.canonical.party import CustomerFilter
from triptych.loading import MappingError, find_mapping, load, read_mapping
from triptych.loading.formats import FORMATS
from triptych.settings import Settings

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "loading.md"
BLOCK = re.compile(r"^```(?:csv|yaml) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def written(folder: Path) -> None:
    """Write the example's files."""
    folder.mkdir()
    for name, content in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        (folder / name).write_text(content, encoding="utf-8")


@pytest.fixture(scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    """Crm and erp, empty."""
    settings = Settings(data=tmp_path_factory.mktemp("data"))
    async with Platform(settings, {"crm": CrmService, "erp": ErpService}) as platform:
        yield platform


async def test_the_example_of_the_guide_loads_completely(tmp_path: Path, platform: Platform) -> None:
    folder = tmp_path / "books"
    await asyncio.to_thread(written, folder)
    mapping = await asyncio.to_thread(find_mapping, folder)
    crm = platform.client(Crm, "loader")
    report = await load(folder, mapping, {"crm": crm, "erp": platform.client(Erp, "loader")})
    assert report.complete, report.as_json()
    assert [(file.file, file.rows, file.repaired) for file in report.files] == [
        ("customers.csv", 2, 1),
        ("prices.csv", 2, 0),
        ("contacts.csv", 2, 0),
    ]
    (adler,) = (await crm.customers.find(CustomerFilter(external_id="C1"))).items
    assert [contact.name for contact in adler.contacts] == ["Ute Adler", "Jan Adler"]
    (vins,) = (await crm.customers.find(CustomerFilter(external_id="C2"))).items
    assert vins.name == "Vins, Fromages & Cie"
    assert vins.extensions == {"customer_since": "1998-01-05"}


def test_the_mistake_that_the_guide_shows_is_reported_as_it_shows_it(tmp_path: Path) -> None:
    folder = tmp_path / "books"
    written(folder)
    path = folder / "mapping.yaml"
    path.write_text(path.read_text().replace("land | country", "land | countri"))
    with pytest.raises(MappingError) as caught:
        read_mapping(path)
    assert str(caught.value).replace(f"{folder}/", "") in GUIDE.read_text(encoding="utf-8")


def test_the_guide_knows_every_format() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    assert [
        name for name in (*FORMATS, "default", "reference") if not re.search(rf"`{name}[`(]", guide)
    ] == []
