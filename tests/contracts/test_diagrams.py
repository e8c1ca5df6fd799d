"""The diagram on a process's page in docs/ is that of its sentence. `make diagrams` draws them anew."""

import os
import re

from tests.contracts.conftest import Served
from tests.docs.blocks import PROJECT, blocks
from triptych.engine.outline import outline_of


def test_every_process_has_a_page_with_the_diagram_of_its_newest_sentence(every_service: Served) -> None:
    assert every_service.platform.engine
    outlines = sorted(
        map(outline_of, every_service.platform.engine.sagas.values()), key=lambda one: one.version
    )
    for flow, drawn in {one.flow: one.diagram + "\n" for one in outlines}.items():
        page = PROJECT / f"docs/{flow.partition('.')[0]}.md"
        assert page.exists(), f"{flow} has no page docs/{page.name}"
        if os.environ.get("DRAW_DIAGRAMS"):
            place = re.compile(rf"^```mermaid {flow}\n.*?^```$", re.MULTILINE | re.DOTALL)
            fenced = f"```mermaid {flow}\n{drawn}```"
            page.write_text(place.sub(lambda _, text=fenced: text, page.read_text()))
        found = [block.text for block in blocks(page) if (block.language, block.said) == ("mermaid", flow)]
        assert found == [drawn], f"docs/{page.name} needs a block `mermaid {flow}`, and `make diagrams`"
