"""Every canonical model, found by looking: a test that takes one of the names below runs for each."""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import settings

import triptych.canonical
from triptych.canonical.base import Entity, Model
from triptych.contract.values import Filter

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.iter_modules(triptych.canonical.__path__, "triptych.canonical.")
]
MODELS = [
    value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Model) and value.__module__ == module.__name__
]
settings.register_profile("patient", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("patient")

ONLY_SHARED = {"Model", "New", "Entity"}


def is_shown(model: type[Model]) -> bool:
    """Whether somebody makes one of it, so that it needs an example; filters and shared parts are not."""
    return not (
        issubclass(model, Filter) or model.__name__ in ONLY_SHARED or model.__name__.endswith("Terms")
    )


KINDS: Mapping[str, Sequence[type[Model]]] = {
    "model": MODELS,
    "shown_model": [model for model in MODELS if is_shown(model)],
    "documented_model": [model for model in MODELS if not issubclass(model, Filter)],
    "entity": [model for model in MODELS if issubclass(model, Entity) and model is not Entity],
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`model`, `shown_model`, `documented_model`, `entity`: the test runs for every one."""
    for kind, models in KINDS.items():
        if kind in metafunc.fixturenames:
            metafunc.parametrize(kind, models, ids=[model.__name__ for model in models])


@pytest.fixture(scope="session")
def models() -> Mapping[str, type[Model]]:
    """All of them, by name."""
    return {model.__name__: model for model in MODELS}
