"""`connectors`: what the system APIs stand on."""

from triptych.cli.options import Json, settings_from
from triptych.cli.output import write_json, write_table


def list_connectors(json: Json = False) -> None:
    """List what each system API can stand on, and what it does: TRIPTYCH_CRM_BACKEND chooses for the CRM."""
    from triptych.assembly.catalogue import backends

    found = backends(settings_from())
    if json:
        write_json(found)
        return
    rows = [(one.service, one.chosen, " ".join(one.installed), one.setting) for one in found]
    write_table(("system API", "stands on", "installed", "setting"), rows)
