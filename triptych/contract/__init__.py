"""The one idea: a contract is a Python class; router, client and documents are made from it."""

from triptych.contract.apis import (
    TIERS,
    Api,
    Brownout,
    ExperienceApi,
    Lifecycle,
    ProcessApi,
    Stage,
    SystemApi,
    Tier,
)
from triptych.contract.collections import Collection, Creatable, Instances, Raises, ReadOnly, every, settled
from triptych.contract.declaring import delete, get, patch, post, put
from triptych.contract.events import EventType, Happened, Subscription, event, events, on, subscriptions
from triptych.contract.flows import DataFlow, flow, flows
from triptych.contract.hooks import Hook, hook, hooks
from triptych.contract.older import as_of, check_changes
from triptych.contract.progress import Asked, Instance
from triptych.contract.reading import Operation, Parameter, operations
from triptych.contract.values import Change, Changes, Filter, History, Page, Patch
from triptych.contract.versions import DatedVersions, Query, VersionChange

__all__ = [
    "TIERS",
    "Api",
    "Asked",
    "Brownout",
    "Change",
    "Changes",
    "Collection",
    "Creatable",
    "DataFlow",
    "DatedVersions",
    "EventType",
    "ExperienceApi",
    "Filter",
    "Happened",
    "History",
    "Hook",
    "Instance",
    "Instances",
    "Lifecycle",
    "Operation",
    "Page",
    "Parameter",
    "Patch",
    "ProcessApi",
    "Query",
    "Raises",
    "ReadOnly",
    "Stage",
    "Subscription",
    "SystemApi",
    "Tier",
    "VersionChange",
    "as_of",
    "check_changes",
    "delete",
    "event",
    "events",
    "every",
    "flow",
    "flows",
    "get",
    "hook",
    "hooks",
    "on",
    "operations",
    "patch",
    "post",
    "put",
    "settled",
    "subscriptions",
]
