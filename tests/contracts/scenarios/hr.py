"""HR: somebody is offered work, begins, changes, leaves and is forgotten; a position has one holder."""

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound


def story(services: Services) -> None:
    hr = services["hr"]
    hr.keeps("employees", apart_by="external_id")
    hr.refuses("employees.create", because=Conflict, tax_id=begun(hr)["tax_id"])
    hr.keeps("positions", apart_by="code")
    hr.keeps("onboarding_tasks")

    a_position_has_one_holder(hr)
    nobody_begins_again_who_has_left(hr)
    nobody_begins_in_a_position_that_was_given_up(hr)
    onboarding_tasks_come_to_an_end(hr)
    an_offer_becomes_an_employee(hr)
    an_offer_comes_to_nothing(hr)
    work_changes_on_a_day(hr)
    who_leaves_comes_back_or_is_forgotten(hr)


def hired(hr: Service, position: Json) -> Json:
    """Somebody for a position."""
    return hr.makes("employees", position_id=position["id"], tax_id=fresh("tax"))


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


def offered(hr: Service, **given: str | None) -> Json:
    """An offer for a position of its own, sent."""
    position, wanted = hr.makes("positions"), {"manager_id": None, "tax_id": fresh("tax"), **given}
    offer = hr.makes("offers", position_id=position["id"], **wanted)
    hr.refuses("accept_offer", offer, because=InvalidState)  # it was not sent
    hr.refuses("decline_offer", offer, because=InvalidState)
    return hr.does("send_offer", offer)


def an_offer_becomes_an_employee(hr: Service) -> None:
    hr.refuses("offers.create", because=InvalidInput, position_id="pos_nowhere")
    offer = offered(hr, external_id=(number := fresh("external_id")))
    position = {"position_id": offer["position_id"]}
    hr.refuses("offers.create", because=Conflict, **position, external_id=number)
    hr.refuses("offers.create", because=InvalidInput, **position, manager_id="emp_none")
    assert hr.does("offers.get", offer) == offer
    hr.does("offers.find", limit=1)
    hr.does("offers.changes", limit=1)
    hr.refuses("hire_candidate", offer, because=InvalidState)
    hr.does("accept_offer", offer)
    hr.refuses("send_offer", offer, because=InvalidState)
    hired = hr.does("hire_candidate", offer)
    assert hr.does("hire_candidate", offer)["employee_id"] == hired["employee_id"]
    twin = offered(hr, tax_id=offer["tax_id"])
    hr.does("accept_offer", twin)
    hr.refuses("hire_candidate", twin, because=Conflict)  # who works here already
    hr.does("activate_employee", hired["employee_id"])
    hr.refuses("withdraw_offer", offer, because=InvalidState)


def an_offer_comes_to_nothing(hr: Service) -> None:
    hr.does("decline_offer", offered(hr))
    offer = offered(hr)
    hr.does("accept_offer", offer)
    hired = hr.does("hire_candidate", offer)
    hr.does("withdraw_offer", offer)
    hr.refuses("start_leave", hired["employee_id"], because=NotFound)  # nobody began
    hr.refuses("hire_candidate", offer, because=InvalidState)


def begun(hr: Service) -> Json:
    """Somebody who works."""
    return hr.does("activate_employee", hired(hr, hr.makes("positions")))


def work_changes_on_a_day(hr: Service) -> None:
    nancy, andrew, open_one = begun(hr), begun(hr), hr.makes("positions")
    change: Json = {"employee_id": nancy["id"], "takes_effect_on": "2026-10-01", "location": "Hamburg"}
    for wrong in (
        {"employee_id": "emp_none"},
        {"manager_id": nancy["id"]},
        {"takes_effect_on": "1990-01-01"},
    ):
        hr.refuses("employment_changes.create", because=InvalidInput, **{**change, **wrong})
    moves = hr.makes("employment_changes", **change, position_id=open_one["id"])
    hr.refuses("employment_changes.create", because=Conflict, **change)  # one on a day
    hr.does("withdraw_change", moves)
    hr.refuses("apply_change", moves, because=InvalidState)
    moves = hr.makes("employment_changes", **change, position_id=open_one["id"])
    assert hr.does("employment_changes.get", moves) == moves
    hr.does("employment_changes.find", limit=1)
    hr.does("employment_changes.changes", limit=1)
    hr.does("apply_change", moves)
    hr.does("apply_change", moves)
    hr.refuses("withdraw_change", moves, because=InvalidState)
    moved = hr.does("employees.get", nancy)
    assert (moved["location"], moved["position_id"]) == ("Hamburg", open_one["id"])
    there = {"employee_id": andrew["id"], "position_id": open_one["id"]}
    hr.refuses("apply_change", hr.makes("employment_changes", **there), because=Conflict)  # it is hers


def who_leaves_comes_back_or_is_forgotten(hr: Service) -> None:
    nancy = begun(hr)
    leaving: Json = {"employee_id": nancy["id"], "last_day": "2026-09-30"}
    hr.refuses("leavings.create", because=InvalidInput, **{**leaving, "last_day": "1990-01-01"})
    stays = hr.makes("leavings", **leaving)
    hr.refuses("leavings.create", because=Conflict, **leaving)
    hr.does("withdraw_leaving", stays)
    hr.refuses("complete_leaving", stays, because=InvalidState)
    leaves = hr.makes("leavings", **leaving)
    assert hr.does("leavings.get", leaves) == leaves
    hr.does("leavings.find", limit=1)
    hr.does("leavings.changes", limit=1)
    gone = {"left_on": "2026-09-30"}
    hr.refuses("erase_employee", nancy, because=InvalidState, **gone)
    hr.does("complete_leaving", leaves)
    hr.refuses("withdraw_leaving", leaves, because=InvalidState)
    hr.refuses("leavings.create", because=InvalidInput, **leaving)

    back = offered(hr, tax_id=nancy["tax_id"], starts_on="2026-12-01")
    hr.does("accept_offer", back)
    hired = hr.does("hire_candidate", back)
    assert (hired["employee_id"], hired["formerly_until"]) == (nancy["id"], "2026-09-30")
    hr.refuses("erase_employee", nancy, because=InvalidState, **gone)
    hr.does("withdraw_offer", back)
    assert hr.does("employees.get", nancy)["left_on"] == "2026-09-30"
    is_forgotten(hr, nancy, gone)


def is_forgotten(hr: Service, nancy: Json, gone: Json) -> None:
    erased = hr.does("erase_employee", nancy, **gone)
    assert hr.does("erase_employee", nancy, **gone) == erased
    assert [(each["kind"], each["count"]) for each in erased["records"]] == [
        ("employee", 1),
        ("offer", 1),
        ("leaving", 2),
    ]
    assert nancy["name"] not in str(erased)
    hr.refuses("employees.get", nancy, because=NotFound)
    assert hr.does("erasures.get", erased) == erased
    hr.does("erasures.find", subject_id=nancy["id"])
    hr.does("erasures.changes", limit=1)
