"""A BMC of one resource at the other end of a wire, and sessions with it whose every limit is short."""

from contextlib import closing

import msgspec
from aiohttp import web

from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.limits import Limits
from rackwright.drivers.redfish.connect import connect
from rackwright.secrets import Secret
from tests.lone_bmc import ROOT, SESSIONS, said

LIMITS = Limits(connect_s=5, login_s=5, answer_s=5, busy_s=180, pause_s=2)
CLOCK = ScaledClock(2000)
THING = f"{ROOT}/Thing"
RESOURCES = {
    ROOT: {"@odata.id": ROOT, "Links": {"Sessions": {"@odata.id": SESSIONS}}},
    THING: {"@odata.id": THING, "Name": "thing"},
    f"{ROOT}/Other": {"Name": "other"},
}


def session(bmc, trust, *, password="right", rate=2000, **limits):
    return closing(
        connect(
            bmc.endpoint,
            password=Secret(password),
            trust=trust,
            clock=ScaledClock(rate),
            limits=msgspec.structs.replace(LIMITS, **limits),
        )
    )


def first(times, answer):
    """Answer so the first times, and as usual afterwards; ``seen`` counts."""

    def made(request):
        made.seen += 1
        return answer(request) if made.seen <= times else None

    made.seen = 0
    return made


def said_so(status, message_id="", text="no", **headers):
    return lambda _: web.json_response(said(message_id, text), status=status, headers=headers)


def cut(request):
    """Close the connection in the middle of things."""
    request.transport.abort()
    return web.Response()
