"""What the HR system API stands on: a store for each noun."""

from typing import Protocol

from triptych.canonical.employment import (
    EmploymentChange,
    EmploymentChangeFilter,
    Erasure,
    ErasureFilter,
    Leaving,
    LeavingFilter,
    NewEmploymentChange,
    NewErasure,
    NewLeaving,
    NewOffer,
    Offer,
    OfferFilter,
)
from triptych.canonical.people import (
    Employee,
    EmployeeFilter,
    NewEmployee,
    NewOnboardingTask,
    NewPosition,
    OnboardingTask,
    OnboardingTaskFilter,
    Position,
    PositionFilter,
)
from triptych.storage import Store


class HrBackend(Protocol):
    """Where employees are kept, and what becomes of them."""

    employees: Store[Employee, NewEmployee, EmployeeFilter]
    positions: Store[Position, NewPosition, PositionFilter]
    onboarding_tasks: Store[OnboardingTask, NewOnboardingTask, OnboardingTaskFilter]
    offers: Store[Offer, NewOffer, OfferFilter]
    employment_changes: Store[EmploymentChange, NewEmploymentChange, EmploymentChangeFilter]
    leavings: Store[Leaving, NewLeaving, LeavingFilter]
    erasures: Store[Erasure, NewErasure, ErasureFilter]
