"""Other issuers whose tokens the gateway accepts, such as a company's own OpenID provider."""

from collections.abc import Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

ROLES: Mapping[str, tuple[str, ...]] = {
    "viewer": ("*:read",),
    "replayer": ("*:read", "*:replay"),
    "personal-data reader": ("*:read", "pii:read"),
    "administrator": ("*",),
}
"""What each role may do; `*:read` is to read everywhere, but no personal data."""

Named = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
OUR_OWN = ("usr", "client", "key", "anonymous", "operator")


class ForeignIssuer(BaseModel):
    """One issuer. A token gives what its scopes and its holder's groups are mapped to, and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    """Short name, `staff`: whoever comes from there is `staff:<sub>` here, and never one of our own."""
    issuer: Named
    """Its address, exactly as in its tokens (`iss`) and in its discovery document."""
    audience: Named
    """What its tokens for us name in `aud`."""
    scope_claim: Named = "scope"
    """Where its tokens say what they are for; a path, such as `permissions.api`."""
    scopes: Mapping[Named, tuple[Named, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """Of each scope of theirs, the scopes of ours: `{"orders.read": ["partner:read"]}`."""
    group_claim: Named = "groups"
    """Where its tokens say which groups the holder is in; a path, such as `realm_access.roles`."""
    groups: Mapping[Named, tuple[Named, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """Of each group, roles or scopes of ours: `{"ops": ["replayer"], "sales": ["service-desk:*"]}`."""
    customer_claim: str = ""
    """Where its tokens name the customer that the holder is; by default nobody is one."""
    plan: Named = "internal"
    """The plan whose limits its clients have."""
    token_types: tuple[Named, ...] = ("at+jwt",)
    """The `typ` of its access tokens; some issuers give them none of their own and say `JWT`."""
    private_network: bool = False
    """Whether it may be reached at an address that is not public, or by http."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        parts = urlsplit(self.issuer)
        schemes = ("https", "http") if self.private_network else ("https",)
        if (
            parts.scheme not in schemes
            or not parts.hostname
            or parts.query
            or parts.fragment
            or "@" in parts.netloc
        ):
            raise ValueError(
                f"{self.issuer!r} is no issuer: that is an https address without query and fragment "
                "(http only with private_network)"
            )
        if self.name in OUR_OWN:
            raise ValueError(f"the name {self.name!r} is one that our own use")
        if not self.scopes and not self.groups:
            raise ValueError("without scopes and groups its tokens would open nothing: map at least one")
        for group, given in self.groups.items():
            for one in given:
                if one not in ROLES and ":" not in one:
                    raise ValueError(
                        f"groups: {one!r}, for {group!r}, is neither a role ({', '.join(ROLES)}) nor a scope"
                    )
        return self
