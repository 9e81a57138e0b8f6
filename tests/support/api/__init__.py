"""A strict stand-in for the Messages API over real HTTP and server-sent events."""

from tests.support.api.models import MODELS, Model
from tests.support.api.playing import (
    Cut,
    Drip,
    EndEarly,
    ErrorEvent,
    Hold,
    Insert,
    Policy,
    Raw,
    Refuse,
    Reply,
    Turn,
    by_turn,
    call,
    computer,
    member,
    ratelimit,
    say,
    think,
)
from tests.support.api.problems import Problem, Violation
from tests.support.api.reading import Request
from tests.support.api.server import StandIn, stand_in
from tests.support.api.wire import refusing

__all__ = [
    "MODELS",
    "Cut",
    "Drip",
    "EndEarly",
    "ErrorEvent",
    "Hold",
    "Insert",
    "Model",
    "Policy",
    "Problem",
    "Raw",
    "Refuse",
    "Reply",
    "Request",
    "StandIn",
    "Turn",
    "Violation",
    "by_turn",
    "call",
    "computer",
    "member",
    "ratelimit",
    "refusing",
    "say",
    "stand_in",
    "think",
]
