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
