"""How the webhooks of a source are proved: which scheme it signs with, and the secrets that count."""

import base64
import binascii
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

SHORTEST = 16
"""Bytes that a secret has at least."""

FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$", to_lower=True)]


class HookKeys(BaseModel):
    """The keys of one source, `crm/leads`. While a secret is replaced the old and the new one both count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: Literal["standard", "hmac"] = "standard"
    """`standard` is Standard Webhooks; `hmac` an HMAC-SHA256 of the body in a header, as vendors sign."""
    secrets: Annotated[tuple[SecretStr, ...], Field(min_length=1, max_length=2)]
    """One secret, or two during rotation; those of Standard Webhooks as `whsec_` and base64."""
    signature_header: FieldName = "x-signature"
    """With `hmac`: the header of the signature."""
    prefix: str = ""
    """With `hmac`: what stands before it, as in `sha256=`."""
    encoding: Literal["hex", "base64"] = "hex"
    """With `hmac`: how it is written."""
    id_header: FieldName | None = None
    """With `hmac`: the header that names a delivery; without one the body itself tells repeats apart."""

    @model_validator(mode="after")
    def _usable(self) -> "HookKeys":
        for key in self.decoded():
            if len(key) < SHORTEST:
                raise ValueError(f"a secret has {SHORTEST} bytes at least")
        return self

    def decoded(self) -> list[bytes]:
        """The secrets as bytes. Raises ValueError where one is not what its scheme writes."""
        return [self._key(secret.get_secret_value()) for secret in self.secrets]

    def _key(self, secret: str) -> bytes:
        if self.scheme == "hmac":
            return secret.encode()
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            raise ValueError("a secret of Standard Webhooks reads whsec_ and base64") from None
