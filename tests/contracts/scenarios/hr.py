"""HR: somebody begins, goes on leave and leaves, and a position has one holder at a time."""

from tests.contracts.asking import Json, Service, Services
from triptych.problems import Conflict, InvalidState


def story(services: Services) -> None:
    hr = services["hr"]
    hr.keeps("employees", apart_by="external_id")
    hr.keeps("positions", apart_by="code")
    hr.keeps("onboarding_tasks")

    a_position_has_one_holder(hr)
    nobody_begins_again_who_has_left(hr)
    nobody_begins_in_a_position_that_was_given_up(hr)
    onboarding_tasks_come_to_an_end(hr)


def hired(hr: Service, position: Json) -> Json:
    """Somebody for a position."""
    return hr.makes("employees", position_id=position["id"])


def a_position_has_one_holder(hr: Service) -> None:
    position = hr.makes("positions")
    nancy, andrew = hired(hr, position), hired(hr, position)
    hr.refuses("start_leave", nancy, because=InvalidState)  # she has not begun
    hr.does("activate_employee", nancy)
    hr.refuses("activate_employee", andrew, because=Conflict)
    hr.does("start_leave", nancy)
    hr.refuses("activate_employee", andrew, because=Conflict)  # she comes back
    hr.does("depart_employee", nancy)
    hr.does("activate_employee", andrew)
    hr.refuses("activate_employee", nancy, because=Conflict)
    hr.refuses("start_leave", nancy, because=InvalidState)


def nobody_begins_again_who_has_left(hr: Service) -> None:
    janet = hr.makes("employees", position_id=None)
    hr.does("depart_employee", janet)
    hr.refuses("activate_employee", janet, because=InvalidState)


def nobody_begins_in_a_position_that_was_given_up(hr: Service) -> None:
    position = hr.makes("positions")
    hr.does("close_position", position)
    hr.refuses("activate_employee", hired(hr, position), because=Conflict)


def onboarding_tasks_come_to_an_end(hr: Service) -> None:
    done, cancelled = hr.makes("onboarding_tasks"), hr.makes("onboarding_tasks")
    hr.does("complete_task", done)
    hr.does("cancel_task", cancelled)
    hr.refuses("cancel_task", done, because=InvalidState)
    hr.refuses("complete_task", cancelled, because=InvalidState)
