"""Who may use the APIs of the demo company: its shop, a partner, its own programs, and some people."""

from demo.partner_orders import PARTNER
from demo.people import ACME, JONAS, MARA, REGULARS
from demo.seeder import Made
from demo.staff import AGENT, AGENT_MAIL
from triptych.running.front import DemoAccess, DemoClient, DemoUser

SIGNING_IN = ("openid", "profile", "email", "offline_access")
SHOP_PAGES = (
    "http://127.0.0.1:5173/",
    "http://localhost:5173/",
    "http://127.0.0.1:5173/callback",
    "http://localhost:5173/callback",
    "http://127.0.0.1:8000/examples/storefront-web/",
)
"""Where the shop's page may be served from; on 127.0.0.1 the port does not matter (RFC 8252 section 7.3)."""
OPERATIONS = ("operations:read", "operations:write", "operations:replay", "pii:read")
DESK = ("service-desk:read", "service-desk:write", "service-desk:refund")
PROCESSES = (
    "order-to-fulfillment:read",
    "order-to-fulfillment:write",
    "quote-to-cash:read",
    "quote-to-cash:write",
    "lead-to-customer:read",
    "lead-to-customer:write",
    "procure-to-pay:read",
    "procure-to-pay:write",
    "procure-to-pay:receive",
    "procure-to-pay:match",
    "hire-to-retire:read",
    "hire-to-retire:write",
    "hire-to-retire:equip",
    "customer-360:read",
    "inventory-availability:read",
)
APPROVING = (
    "quote-to-cash:approve",
    "procure-to-pay:approve",
    "procure-to-pay:pay",
    "hire-to-retire:approve",
    "lead-to-customer:qualify",
)
SYSTEMS = (
    "crm",
    "erp",
    "commerce",
    "warehouse",
    "billing",
    "support",
    "marketing",
    "marketplace",
    "hr",
    "directory",
)


def access(made: Made) -> DemoAccess:
    """Clients and users; where the CRM runs, each knows which customer they are."""
    ids = made.customers
    return DemoAccess(
        clients=[
            DemoClient(
                "storefront-web",
                grants=["authorization_code", "refresh_token"],
                scopes=[*SIGNING_IN, "storefront:profile", "storefront:orders"],
                plan="partner",
                redirect_uris=SHOP_PAGES,
                public=True,
            ),
            DemoClient(
                PARTNER,
                grants=["client_credentials"],
                scopes=["partner:read", "partner:order"],
                plan="partner",
                customer_id=ids[ACME] if ids else None,
            ),
            DemoClient("internal-orders", grants=["client_credentials"], scopes=PROCESSES, plan="internal"),
            DemoClient(
                "operator",
                grants=["client_credentials", "authorization_code", "refresh_token"],
                scopes=[
                    *SIGNING_IN,
                    *DESK,
                    *PROCESSES,
                    *APPROVING,
                    *OPERATIONS,
                    *(f"{system}:read" for system in SYSTEMS),
                ],
                plan="internal",
                redirect_uris=["http://127.0.0.1/callback"],
            ),
        ],
        users=[
            *(
                DemoUser(
                    REGULARS[number].email or "",
                    REGULARS[number].name,
                    scopes=["storefront:*"],
                    customer_id=ids[number] if ids else None,
                )
                for number in (MARA, JONAS)
            ),
            DemoUser(AGENT_MAIL, AGENT, scopes=["service-desk:*", "customer-360:read"]),
        ],
    )
