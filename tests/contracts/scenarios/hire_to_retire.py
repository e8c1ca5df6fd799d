"""Hire-to-retire: somebody is hired, moves, leaves and is forgotten; offers and plans come to nothing."""

from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from tests.contracts.scenarios.supplies import PATIENCE, waits
from triptych.problems import Conflict, Forbidden, InvalidInput, InvalidState


def story(services: Services) -> None:
    somebody_is_hired_and_moves_and_leaves(services)
    an_offer_comes_to_nothing(services)
    somebody_is_hired_for_a_day_to_come(services)
    a_dismissal_is_a_mistake(services)
    records_are_erased(services)


def day(days: int = 0) -> str:
    """So many days from now."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def a_position(services: Services, on_hand: int = 1) -> Json:
    """A position whose holder needs one thing, of which so many are there."""
    berlin = services["warehouse"].makes("locations")
    laptop = services["warehouse"].makes(
        "inventory", location_id=berlin["id"], on_hand=on_hand, safety_stock=0
    )
    return {
        **services["hr"].makes("positions", equipment=[laptop["sku"]]),
        "sku": laptop["sku"],
        "stock": berlin,
    }


def wanted(position: Json, **more: Any) -> Json:
    """An offer of work that begins today, to be answered within the hour."""
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
    return {
        "position_id": position["id"],
        "tax_id": fresh("tax"),
        "reference": fresh("reference"),
        "starts_on": day(),
        "answer_by": soon.isoformat(),
        **more,
    }


def comes_to(people: Service, operation: str, thing: Json, status: str) -> Json:
    """What a process carries out, once it stands there."""
    until = monotonic() + PATIENCE
    while (found := people.does(operation, thing))["status"] != status or found["waiting"]:
        assert monotonic() < until, f"does not come to {status}: {found}"
        sleep(0.02)
    return found


def accepted(people: Service, offer: Json) -> None:
    """It is approved, and the candidate takes it."""
    waits(people, "offer", offer, "approval")
    people.asked_by("grace").does("decide_offer", offer, approved=True)
    waits(people, "offer", offer, "answer")
    people.does("answer_offer", offer, accepted=True)


def approved_change(people: Service, change: Json) -> None:
    """Somebody approves a change."""
    waits(people, "change", change, "approval")
    people.asked_by("grace").does("decide_change", change, approved=True)


def approved_leaving(people: Service, leaving: Json) -> None:
    """Somebody approves a leaving."""
    waits(people, "leaving", leaving, "approval")
    people.asked_by("grace").does("decide_leaving", leaving, approved=True)


def somebody_is_hired_and_moves_and_leaves(services: Services) -> None:
    people, position = services["hire-to-retire"], a_position(services)
    group = services["directory"].makes(
        "groups", position_code=position["code"], department=None, location=None
    )
    people.refuses("offer_work", because=InvalidInput, **wanted({"id": "pos_nowhere"}))
    asked = wanted(position)
    offer = people.does("offer_work", **asked)
    people.refuses("offer_work", because=Conflict, **{**asked, "location": "Hamburg"})
    waits(people, "offer", offer, "approval")
    people.refuses("decide_offer", offer, because=Forbidden, approved=True)  # who asked for it
    assert offer["id"] in {found["id"] for found in people.does("waiting", work="approval", limit=200)}
    accepted(people, offer)
    hired = people.follows("follow_offer", offer)
    assert hired["status"] == "employed"
    people.asked_by("grace").refuses("decide_offer", offer, because=InvalidState, approved=False)
    people.refuses("answer_offer", offer, because=InvalidState, accepted=False)
    people.refuses("cancel_offer", offer, because=InvalidState)
    (account,) = services["directory"].does("accounts.find", person_id=hired["employee_id"])["items"]
    assert (account["status"], account["groups"]) == ("active", [group["code"]])

    moves: Json = {"employee_id": hired["employee_id"], "takes_effect_on": day(), "location": "Hamburg"}
    people.refuses("change_work", because=InvalidInput, **{**moves, "takes_effect_on": day(-1)})
    change = people.does("change_work", **moves)
    people.refuses("change_work", because=Conflict, **{**moves, "location": "Bremen"})
    waits(people, "change", change, "approval")
    people.refuses("decide_change", change, because=Forbidden, approved=True)
    approved_change(people, change)
    comes_to(people, "change", change, "closed")
    people.asked_by("grace").refuses("decide_change", change, because=InvalidState, approved=False)
    people.refuses("cancel_change", change, because=InvalidState)
    later = people.does("change_work", **{**moves, "takes_effect_on": day(30)})
    people.does("cancel_change", later)
    comes_to(people, "change", later, "cancelled")
    leaves(services, hired["employee_id"])


def leaves(services: Services, employee_id: str) -> None:
    """They leave, at once, and give back what they have."""
    people = services["hire-to-retire"]
    gone: Json = {"employee_id": employee_id, "last_day": day(), "reason": "dismissal", "at_once": True}
    people.refuses("end_work", because=InvalidInput, **{**gone, "last_day": day(1)})
    leaving = people.does("end_work", **gone)
    people.refuses("end_work", because=Conflict, **{**gone, "reason": "resignation", "at_once": False})
    waits(people, "leaving", leaving, "approval")
    people.refuses("decide_leaving", leaving, because=Forbidden, approved=True)
    people.refuses("settle_equipment", leaving, because=InvalidState, handout_id="hnd_none")
    approved_leaving(people, leaving)
    held = waits(people, "leaving", leaving, "item.1")
    people.asked_by("grace").refuses("decide_leaving", leaving, because=InvalidState, approved=False)
    people.does("settle_equipment", leaving, handout_id=held["open_items"][0])
    waits(people, "leaving", leaving, "retention")
    people.refuses("cancel_leaving", leaving, because=InvalidState)


def an_offer_comes_to_nothing(services: Services) -> None:
    people = services["hire-to-retire"]
    declined = people.does("offer_work", **wanted(a_position(services)))
    waits(people, "offer", declined, "approval")
    people.asked_by("grace").does("decide_offer", declined, approved=True)
    waits(people, "offer", declined, "answer")
    people.does("answer_offer", declined, accepted=False)
    assert people.follows("follow_offer", declined)["status"] == "rejected"
    refused = people.does("offer_work", **wanted(a_position(services)))
    people.asked_by("grace").does("decide_offer", refused, approved=False)
    assert people.follows("follow_offer", refused)["status"] == "rejected"


def somebody_is_hired_for_a_day_to_come(services: Services) -> None:
    people, position = services["hire-to-retire"], a_position(services, on_hand=0)
    offer = people.does("offer_work", **wanted(position, starts_on=day(30)))
    accepted(people, offer)
    waits(people, "offer", offer, "start")
    awaited = equipped(people, offer, "awaited")
    assert awaited["missing"] == [position["sku"]]
    more = {"sku": position["sku"], "location_id": position["stock"]["id"], "by": 1}
    services["warehouse"].does("adjust_stock", **more)
    equipped(people, offer, "handed-out")
    people.does("cancel_offer", offer)
    assert people.follows("follow_offer", offer)["status"] == "cancelled"


def equipped(people: Service, offer: Json, status: str) -> Json:
    """What a colleague is given, once that stands there."""
    until = monotonic() + PATIENCE
    while (found := people.does("offer", offer))["equipment"]["status"] != status:
        assert monotonic() < until, f"does not come to {status}: {found}"
        sleep(0.02)
    equipment: Json = found["equipment"]
    return equipment


def worker(services: Services, **more: Any) -> Json:
    """Somebody who has worked here for long, and has an account."""
    hr, directory = services["hr"], services["directory"]
    given = {"position_id": None, "manager_id": None, "tax_id": fresh("tax"), **more}
    employee = hr.does("activate_employee", hr.makes("employees", **given))
    account = directory.makes("accounts", person_id=employee["id"], login=fresh("login"))
    directory.does("enable_account", account)
    return employee


def a_dismissal_is_a_mistake(services: Services) -> None:
    people, nancy = services["hire-to-retire"], worker(services)
    leaving = people.does(
        "end_work", employee_id=nancy["id"], last_day=day(), reason="dismissal", at_once=True
    )
    waits(people, "leaving", leaving, "approval")
    people.does("cancel_leaving", leaving)
    assert people.follows("follow_leaving", leaving)["status"] == "cancelled"
    (account,) = services["directory"].does("accounts.find", person_id=nancy["id"])["items"]
    assert account["status"] == "active"


def records_are_erased(services: Services) -> None:
    people, nancy = services["hire-to-retire"], worker(services, hired_on="2010-03-01")
    leaving = people.does("end_work", employee_id=nancy["id"], last_day="2012-06-30")
    approved_leaving(people, leaving)
    erased = people.follows("follow_leaving", leaving)
    assert (erased["status"], erased["erased"][0]["kind"]) == ("erased", "employee")
    assert services["hr"].does("erasures.get", erased["erasure_id"])["subject_id"] == nancy["id"]
