"""What is wrong with a request, and how the API says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
"""An object of a request or a reply, as it is on the wire."""

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error_type(status: int) -> str:
    """The type that comes with a status."""
    return ERROR_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


@dataclass(frozen=True)
class Problem:
    """A rule that a request breaks: where, and what to do. `path` is empty for the request as a whole."""

    path: str
    message: str
    status: int = 400
    details: Json | None = field(default=None, hash=False)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message

    def envelope(self, request_id: str) -> Json:
        """The body of the error."""
        return envelope(self.status, str(self), request_id, details=self.details)


@dataclass(frozen=True)
class Violation:
    """A problem of one request; requests are counted from 0, those for token counts among them."""

    request: int
    problem: Problem

    def __str__(self) -> str:
        return f"request {self.request}: {self.problem}"


def envelope(
    status: int, message: str, request_id: str, *, kind: str | None = None, details: Json | None = None
) -> Json:
    """The documented form of an error."""
    error: Json = {"type": kind or error_type(status), "message": message}
    if details is not None:
        error["details"] = details
    return {"type": "error", "error": error, "request_id": request_id}
