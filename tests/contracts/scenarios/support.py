"""The help desk: a ticket goes back and forth until it is solved, and closed for good."""

from tests.contracts.asking import Service, Services
from triptych.problems import InvalidState


def story(services: Services) -> None:
    support = services["support"]
    support.keeps("tickets", apart_by="external_id")
    support.keeps("comments", ticket_id=support.makes("tickets")["id"])

    a_ticket_is_settled(support)


def a_ticket_is_settled(support: Service) -> None:
    ticket = support.makes("tickets")
    support.refuses("close_ticket", ticket, because=InvalidState)  # nobody has solved it
    support.does("solve_ticket", ticket)
    support.does("reopen_ticket", ticket)
    support.does("solve_ticket", ticket)
    support.does("close_ticket", ticket)
    support.refuses("solve_ticket", ticket, because=InvalidState)
    support.refuses("reopen_ticket", ticket, because=InvalidState)
    support.refuses("comments.create", because=InvalidState, ticket_id=ticket["id"])
