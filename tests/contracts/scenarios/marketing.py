"""Marketing: a campaign goes out to those of its audience who consented, or is called off."""

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from triptych.problems import InvalidState


def story(services: Services) -> None:
    marketing = services["marketing"]
    tea_lovers = marketing.makes("audiences")
    marketing.keeps("audiences", apart_by="external_id")
    marketing.keeps("audience_members", apart_by="email", audience_id=tea_lovers["id"])
    marketing.keeps("consents")
    marketing.keeps("campaigns", apart_by="external_id")
    marketing.keeps("messages")

    ana = fresh("email")
    marketing.makes("consents", email=ana)
    marketing.keeps("mailings", apart_by="external_id", email=ana)

    mailings_go_out(marketing, ana)
    mailings_are_stopped(marketing)
    a_campaign_goes_out(marketing, tea_lovers)
    a_campaign_is_called_off(marketing)
    marketing.does("mark_sent", marketing.makes("messages"))


def a_campaign_goes_out(marketing: Service, tea_lovers: Json) -> None:
    somebody = fresh("email")
    marketing.makes("audience_members", audience_id=tea_lovers["id"], email=somebody)
    marketing.makes("consents", email=somebody)
    campaign = marketing.makes("campaigns", audience_id=tea_lovers["id"])
    marketing.refuses("send_campaign", campaign, because=InvalidState)  # nobody said when
    marketing.does("schedule_campaign", campaign)
    assert marketing.does("send_campaign", campaign)["recipients"] >= 1
    marketing.refuses("schedule_campaign", campaign, because=InvalidState)
    marketing.refuses("cancel_campaign", campaign, because=InvalidState)


def a_campaign_is_called_off(marketing: Service) -> None:
    marketing.does("cancel_campaign", marketing.makes("campaigns"))


def mailings_go_out(marketing: Service, ana: str) -> None:
    mailing = marketing.makes("mailings", email=ana)
    assert marketing.does("send_mailing", mailing)["status"] == "sent"
    marketing.refuses("stop_mailing", mailing, because=InvalidState)
    marketing.does("note_response", mailing, reaction="answered")
    assert marketing.does("note_response", mailing, reaction="opened")["status"] == "answered"
    marketing.refuses("send_mailing", mailing, because=InvalidState)


def mailings_are_stopped(marketing: Service) -> None:
    bob = fresh("email")
    marketing.refuses("mailings.create", because=InvalidState, email=bob)  # he never agreed
    marketing.makes("consents", email=bob, given_at=None)
    early, late, kept = (marketing.makes("mailings", email=bob) for _ in range(3))
    marketing.does("stop_mailing", early)
    marketing.refuses("note_response", early, because=InvalidState, reaction="opened")
    marketing.does("send_mailing", late)
    marketing.does("note_response", late, reaction="unsubscribed")
    assert marketing.does("mailings.get", kept)["status"] == "stopped"
    marketing.refuses("send_mailing", kept, because=InvalidState)
    marketing.refuses("mailings.create", because=InvalidState, email=bob)
