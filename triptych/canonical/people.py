"""Who works here: employees, the positions they hold, and what is done when they begin."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Entity, New, Personal, Timestamp, example, example_of
from triptych.canonical.fields import (
    Code,
    Count,
    Email,
    Id,
    LanguageTag,
    Name,
    PersonalCode,
    PersonalProse,
    PersonName,
    Phone,
    Prose,
)
from triptych.canonical.moments import Day
from triptych.canonical.party import Address
from triptych.canonical.states import Transitions
from triptych.contract.values import Filter


class PositionStatus(StrEnum):
    """Whether a position can be filled (after schema.org JobPosting)."""

    OPEN = "open"
    FILLED = "filled"
    CLOSED = "closed"


POSITION_TRANSITIONS = Transitions(
    "position",
    {
        PositionStatus.OPEN: {PositionStatus.FILLED, PositionStatus.CLOSED},
        PositionStatus.FILLED: {PositionStatus.OPEN, PositionStatus.CLOSED},
        PositionStatus.CLOSED: set(),
    },
)


class NewPosition(New):
    """What can be given of a position."""

    model_config = example(code="SALES-7", title="Sales Representative", department="Sales")

    code: Code
    """What it is called in short."""
    title: Name
    """What its holder is (schema.org jobTitle)."""
    department: Name | None = None
    """Where it belongs (schema.org department)."""
    description: Prose | None = None
    """What its holder does."""
    equipment: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    """What its holder is given to work with: products of the warehouse, one piece each."""


class Position(NewPosition, Entity, prefix="pos"):
    """A place in the organization (schema.org Occupation, JobPosting)."""

    model_config = example_of(NewPosition, "pos_01jd3k7m9vq8x2c4n6b8d0f2hg", status="filled")

    status: PositionStatus = PositionStatus.OPEN
    """Whether it can be filled."""


class PositionFilter(Filter):
    """Which positions to list."""

    code: Code | None = None
    department: Name | None = None
    status: PositionStatus | None = None


class EmployeeStatus(StrEnum):
    """How things stand with an employee."""

    ONBOARDING = "onboarding"
    """Hired, and not yet fully begun."""
    ACTIVE = "active"
    ON_LEAVE = "on_leave"
    LEFT = "left"


EMPLOYEE_TRANSITIONS = Transitions(
    "employee",
    {
        EmployeeStatus.ONBOARDING: {EmployeeStatus.ACTIVE, EmployeeStatus.LEFT},
        EmployeeStatus.ACTIVE: {EmployeeStatus.ON_LEAVE, EmployeeStatus.LEFT},
        EmployeeStatus.ON_LEAVE: {EmployeeStatus.ACTIVE, EmployeeStatus.LEFT},
        EmployeeStatus.LEFT: {EmployeeStatus.ONBOARDING},
    },
)


class NewEmployee(New):
    """What can be given of an employee."""

    model_config = example(
        external_id="1",
        name="Nancy Davolio",
        email="nancy.davolio@triptych.example",
        phone="+12065559857",
        position_id="pos_01jd3k7m9vq8x2c4n6b8d0f2hg",
        manager_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hh",
        hired_on="1992-05-01",
        birth_date="1968-12-08",
        address={
            "line1": "507 20th Ave. E.",
            "city": "Seattle",
            "region": "WA",
            "postal_code": "98122",
            "country": "US",
        },
        language="en",
    )

    external_id: Code | None = None
    """The personnel number of the books (schema.org identifier)."""
    name: PersonName
    """What the person is called (schema.org name)."""
    email: Email | None = None
    """The person's address at work."""
    phone: Phone | None = None
    """Where to call."""
    position_id: Id | None = None
    """Which position they hold."""
    manager_id: Id | None = None
    """Whom they report to."""
    department: Name | None = None
    """Where they belong, if not where their position does (schema.org department)."""
    location: Name | None = None
    """Where they work (schema.org workLocation)."""
    hired_on: Day | None = None
    """First day of work (schema.org startDate)."""
    tax_id: PersonalCode | None = None
    """Their number with the tax office or the social insurance; nobody else has it (schema.org taxID)."""
    birth_date: Annotated[Day | None, Personal()] = None
    """Day of birth (schema.org birthDate)."""
    address: Address | None = None
    """Where they live."""
    language: LanguageTag | None = None
    """BCP 47 (schema.org knowsLanguage)."""
    notes: PersonalProse | None = None
    """What is on file."""


class Employee(NewEmployee, Entity, prefix="emp"):
    """Somebody who works here (schema.org Person, EmployeeRole)."""

    model_config = example_of(NewEmployee, "emp_01jd3k7m9vq8x2c4n6b8d0f2hg", status="active")

    status: EmployeeStatus = EmployeeStatus.ONBOARDING
    """How things stand."""
    left_on: Day | None = None
    """Last day of work (schema.org endDate)."""


class EmployeeFilter(Filter):
    """Which employees to list."""

    q: Name | None = None
    """Text that the name or email holds, in any case."""
    external_id: Code | None = None
    tax_id: PersonalCode | None = None
    email: Email | None = None
    position_id: Id | None = None
    manager_id: Id | None = None
    status: EmployeeStatus | None = None


class OnboardingTaskStatus(StrEnum):
    """How far a task has come (after schema.org ActionStatusType)."""

    OPEN = "open"
    """Still to do (PotentialActionStatus)."""
    DONE = "done"
    """Done (CompletedActionStatus)."""
    CANCELLED = "cancelled"
    """No longer needed (FailedActionStatus)."""


ONBOARDING_TASK_TRANSITIONS = Transitions(
    "onboarding task",
    {
        OnboardingTaskStatus.OPEN: {OnboardingTaskStatus.DONE, OnboardingTaskStatus.CANCELLED},
        OnboardingTaskStatus.DONE: {OnboardingTaskStatus.OPEN},
        OnboardingTaskStatus.CANCELLED: {OnboardingTaskStatus.OPEN},
    },
)


class NewOnboardingTask(New):
    """What can be given of an onboarding task."""

    model_config = example(
        employee_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        title="Set up the mailbox",
        department="IT",
        due_on="1992-05-01",
        place=1,
    )

    employee_id: Id
    """For whom."""
    title: Name
    """What is to be done."""
    department: Name | None = None
    """Who does it."""
    due_on: Day | None = None
    """Until which day."""
    place: Count = 0
    """Where it stands in the list, the lowest first."""


class OnboardingTask(NewOnboardingTask, Entity, prefix="obt"):
    """One thing to do for somebody who begins (schema.org Action)."""

    model_config = example_of(NewOnboardingTask, "obt_01jd3k7m9vq8x2c4n6b8d0f2hg", status="open")

    status: OnboardingTaskStatus = OnboardingTaskStatus.OPEN
    """How far it has come."""
    done_at: Timestamp | None = None
    """When it was done."""


class OnboardingTaskFilter(Filter):
    """Which onboarding tasks to list."""

    employee_id: Id | None = None
    department: Name | None = None
    status: OnboardingTaskStatus | None = None
    due_on_before: Day | None = None
    """Due before this day."""
