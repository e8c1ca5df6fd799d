class OAuth2Error(Exception):
    error: str
    description: str
    status_code: int
    redirect_uri: str | None
    state: str | None

    def __init__(
        self,
        description: str | None = None,
        uri: str | None = None,
        status_code: int | None = None,
        state: str | None = None,
        redirect_uri: str | None = None,
        redirect_fragment: bool = False,
        error: str | None = None,
    ) -> None: ...
    def get_body(self) -> list[tuple[str, str]]: ...
    def get_error_description(self) -> str: ...
    def __call__(self, uri: str | None = None) -> tuple[int, str | dict[str, str], list[tuple[str, str]]]: ...
