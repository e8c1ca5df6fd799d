"""What a request can have that no honest one has: names, values, forms, headers, documents, claims."""

import base64
import json
from collections.abc import Sequence
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from tests.gateway.authorization.browsing import SHOP_REDIRECT

FORM = b"application/x-www-form-urlencoded"
# fmt: off
NAMES = [
    "grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "scope", "state",
    "nonce", "resource", "refresh_token", "token", "token_type_hint", "response_type", "response_mode",
    "prompt", "max_age", "request", "request_uri", "code_challenge", "code_challenge_method", "login_hint",
    "id_token_hint", "post_logout_redirect_uri", "action", "email", "password", "form_token", "x",
    "client_assertion", "client_assertion_type", "dpop_jkt", "subject_token", "subject_token_type",
    "actor_token", "actor_token_type", "requested_token_type", "audience", "acr_values",
]
VALUES = [
    "authorization_code", "client_credentials", "refresh_token", "code", "S256", "plain", "openid", "none",
    "login", SHOP_REDIRECT, "http://127.0.0.1:1/callback", "https://[", "https://shop.example:x/", "%00",
    "%ff%fe", "%E2%80%AE", "a%20b", "%22%27%3C", "1e999", "-1", "9" * 40, "{}", "e30.e30.e30", "sign-in",
    "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:token-type:access_token",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "urn:ietf:params:oauth:request_uri:x",
    "allow", "deny", "switch", "..%2f", "%0d%0aSet-Cookie:%20x=y", "%ED%A0%80", "%F0%9F%98%80",
]
# fmt: on


def part(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def form(pairs: Sequence[tuple[str, str]]) -> bytes:
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


fields = st.tuples(
    st.sampled_from(["", *NAMES]) | st.binary(max_size=8).map(quote_from_bytes),
    st.sampled_from(["", *VALUES]) | st.binary(max_size=40).map(quote_from_bytes) | st.text(max_size=20),
)
bodies = st.binary(max_size=300) | st.lists(fields, max_size=12).map(form)
kinds = st.sampled_from([FORM, FORM + b"; charset=utf-8", b"application/json", b"text/plain", b"", b";"])
basic = st.binary(max_size=40).map(lambda secret: b"Basic " + base64.b64encode(secret))
headers = st.none() | basic | st.binary(max_size=60)
jose = st.lists(st.binary(max_size=60).map(part), min_size=3, max_size=3).map(b".".join)
documents = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
)
claims = st.dictionaries(
    st.sampled_from(["alg", "typ", "jwk", "kty", "htm", "htu", "iat", "jti", "nonce", "exp", "aud", "crit"]),
    documents,
).map(lambda said: json.dumps(said).encode())
signed = st.tuples(claims, claims, st.binary(max_size=64)).map(lambda parts: b".".join(map(part, parts)))
proofs = st.none() | st.binary(max_size=60) | jose | signed


def claims_of(said: object) -> bytes:
    """As JSON."""
    return json.dumps(said).encode()
