"""Loading: folders of CSV and JSON Lines become records of the system APIs, told how by a mapping file."""

from triptych.loading.files import FileError
from triptych.loading.finding import NoMapping, find_mapping
from triptych.loading.mapping import Mapping
from triptych.loading.mistakes import MappingError
from triptych.loading.reading import Progress
from triptych.loading.reading_mappings import read_mapping
from triptych.loading.report import FileReport, LoadReport, Refusal
from triptych.loading.run import LoadRun, Record, load, records
from triptych.loading.targets import Clients
from triptych.loading.writing import Patience

__all__ = [
    "Clients",
    "FileError",
    "FileReport",
    "LoadReport",
    "LoadRun",
    "Mapping",
    "MappingError",
    "NoMapping",
    "Patience",
    "Progress",
    "Record",
    "Refusal",
    "find_mapping",
    "load",
    "read_mapping",
    "records",
]
