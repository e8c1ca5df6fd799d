"""Marketplaces: a listing is offered, paused and ended, and orders from there are taken or refused."""

from tests.contracts.asking import Service, Services
from triptych.problems import InvalidState


def story(services: Services) -> None:
    marketplace = services["marketplace"]
    marketplace.keeps("listings", apart_by="sku")
    marketplace.keeps("orders", apart_by="external_id")

    a_listing_comes_and_goes(marketplace)
    orders_come_to_an_end(marketplace)


def a_listing_comes_and_goes(marketplace: Service) -> None:
    listing = marketplace.makes("listings")
    marketplace.refuses("pause_listing", listing, because=InvalidState)  # it is not offered yet
    marketplace.does("activate_listing", listing)
    marketplace.does("pause_listing", listing)
    marketplace.does("end_listing", listing)
    marketplace.refuses("activate_listing", listing, because=InvalidState)
    marketplace.refuses("pause_listing", listing, because=InvalidState)


def orders_come_to_an_end(marketplace: Service) -> None:
    shipped, rejected, cancelled = (marketplace.makes("orders") for _ in range(3))
    marketplace.refuses("ship_order", shipped, because=InvalidState)  # nobody has accepted it
    marketplace.does("accept_order", shipped)
    marketplace.does("ship_order", shipped)
    marketplace.does("reject_order", rejected)
    marketplace.does("cancel_order", cancelled)
    marketplace.refuses("accept_order", rejected, because=InvalidState)
    marketplace.refuses("reject_order", cancelled, because=InvalidState)
    marketplace.refuses("cancel_order", shipped, because=InvalidState)
