"""The certificate that a client has shown, and that an authority of ours has vouched for."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography import x509


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What is known of a client by its certificate; one per connection."""

    subject: str
    """Its distinguished name (RFC 4514): `CN=acme-orders,O=Acme`."""
    names: tuple[str, ...]
    """Its other names, of hosts, mailboxes and services (RFC 5280, 4.2.1.6)."""
    thumbprint: str
    """SHA-256 of the whole certificate, as tokens that are bound to it name it (`x5t#S256`, RFC 8705)."""


def shown(transport: Any) -> ClientCertificate | None:
    """The certificate of the client at the other end of a connection; None where there is none."""
    connection = transport.get_extra_info("ssl_object")
    octets: bytes | None = connection.getpeercert(binary_form=True) if connection is not None else None
    if not octets:
        return None
    certificate = x509.load_der_x509_certificate(octets)
    return ClientCertificate(
        certificate.subject.rfc4514_string(),
        tuple(_names(certificate)),
        urlsafe_b64encode(sha256(octets).digest()).rstrip(b"=").decode(),
    )


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):  # it has none, or none that can be read
        return []
    texts = (x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier)
    return [name for kind in texts for name in found.get_values_for_type(kind)]
