"""A gateway as it is often written in Python: FastAPI, httpx and slowapi, with RS256 tokens."""

import sys
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from slowapi import Limiter
from slowapi.util import get_remote_address


def application(behind: str, key_file: str) -> FastAPI:
    """The gateway before a service at a port of this machine."""
    key = RSAKey.import_key(Path(key_file).read_bytes())
    limiter = Limiter(key_func=get_remote_address)
    http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{behind}", trust_env=False)
    app = FastAPI()
    app.state.limiter = limiter

    @app.get("/healthz")
    async def healthy() -> str:  # pyright: ignore
        """That it is there."""
        return "ok"

    @app.get("/partner/{rest:path}")
    @limiter.limit("100000000/second")  # pyright: ignore
    async def passed(request: Request, rest: str) -> Response:  # pyright: ignore
        """Whatever the service answers."""
        try:
            token = jwt.decode(request.headers.get("authorization", "")[7:], key, algorithms=["RS256"])
            jwt.JWTClaimsRegistry(aud={"essential": True, "value": "gateway"}).validate(token.claims)
        except (JoseError, ValueError) as error:
            raise HTTPException(401) from error
        if "partner:read" not in token.claims["scope"].split():
            raise HTTPException(403)
        forwarded = {"x-forwarded-for": get_remote_address(request)}
        answer = await http.get(f"/partner/{rest}", headers=forwarded)
        return Response(answer.content, answer.status_code, {"content-type": answer.headers["content-type"]})

    return app


if __name__ == "__main__":
    at, service, verified_by = sys.argv[1:]
    app = application(service, verified_by)
    uvicorn.run(app, host="127.0.0.1", port=int(at), log_level="warning", access_log=False)
