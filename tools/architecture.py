"""An import-linter contract that no built-in one can say: another service, only through its contract."""

from typing import cast

from grimp import DetailedImport, ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyContracts(Contract):
    """Whoever is outside a service imports its `contract` module, and nothing else of it.

    A service's inside then changes without anyone noticing, and runs in another process without anyone
    noticing either. `tiers` names the packages whose direct children are the services.
    """

    tiers = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """The imports across services that go past a contract: (importer, line, imported)."""
        tiers = cast("list[str]", self.tiers)  # import-linter puts the value in the field's place
        services = {service for tier in tiers for service in graph.find_children(tier)}
        trespasses: list[DetailedImport] = []
        for service in services:
            inside = {service} | graph.find_descendants(service)
            for imported in inside - {f"{service}.contract"}:
                for importer in graph.find_modules_that_directly_import(imported) - inside:
                    trespasses += graph.get_import_details(importer=importer, imported=imported)
        found = sorted((it["importer"], it["line_number"], it["imported"]) for it in trespasses)
        return ContractCheck(kept=not found, metadata={"trespasses": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Say for each import what to import instead."""
        for importer, line, imported in check.metadata["trespasses"]:
            service = ".".join(imported.split(".")[:2])
            output.print_error(f"{importer}, line {line}, imports {imported}.")
            output.print(
                f"Import {service}.contract instead, and ask for it in the constructor; "
                "what the contract lacks is added to the contract."
            )
            output.new_line()
