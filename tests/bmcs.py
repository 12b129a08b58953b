"""An emulated rack whose BMCs answer on loopback, for tests, and a client that shows everything of an answer."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from rackwright.cli.twins import spec_of
from rackwright.plan.workspace import open_site, planned
from rackwright.twin.process import Background, Spec
from tests.conftest import ROOT

SITE = "xe9680-spectrum-x"
SYSTEM = "/redfish/v1/Systems/System.Embedded.1"
CHASSIS = "/redfish/v1/Chassis/System.Embedded.1"
MANAGER = "/redfish/v1/Managers/iDRAC.Embedded.1"
SESSIONS = "/redfish/v1/SessionService/Sessions"
UPDATE = "/redfish/v1/UpdateService"
JOBS = f"{MANAGER}/Oem/Dell/Jobs"


class Said(NamedTuple):
    """One answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        """Return the last tokens of the message ids of an error or success body."""
        value = self.json
        rows = value.get("error", value)["@Message.ExtendedInfo"]
        return [row["MessageId"].rpartition(".")[2] for row in rows]

    @property
    def job(self) -> str:
        """Return the job that the answer tells of."""
        return self.headers["Location"].rpartition("/")[2]


class Client:
    """Asks one BMC, with basic authentication unless a token is given; a connection a request."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext, user: str, password: str) -> None:
        self.host, self.port, self.tls = host, port, tls
        self.user, self.password = user, password

    def ask(self, method: str, path: str, body: Any = None, *, limit_s: float = 20, **headers: str) -> Said:
        """Send one request; ``headers`` have ``_`` for ``-``. A ``token`` stands in the place of the password, ``""`` for nobody's."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        token = sent.pop("token", None)
        if token:
            sent["X-Auth-Token"] = token
        elif token is None and "Authorization" not in sent:
            pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            sent["Authorization"] = f"Basic {pair}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        wire = http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=limit_s)
        with closing(wire):
            wire.request(method, path, data, sent)
            answer = wire.getresponse()
            return Said(answer.status, answer.headers, answer.read())

    def get(self, path: str) -> Any:
        """Return a resource."""
        said = self.ask("GET", path)
        assert said.status == 200, (path, said.status, said.body)
        return said.json

    def post(self, path: str, body: Any = None) -> Said:
        """Post a body."""
        return self.ask("POST", path, {} if body is None else body)

    def patch(self, path: str, body: Any) -> Said:
        """Patch a resource."""
        return self.ask("PATCH", path, body)

    def login(self) -> tuple[str, str]:
        """Open a session; return its token and place."""
        said = self.ask("POST", SESSIONS, {"UserName": self.user, "Password": self.password}, token="")
        assert said.status == 201, said.body
        return said.headers["X-Auth-Token"], said.headers["Location"]

    def upload(
        self, image: bytes, name: str = "image.exe", at: str = "OnReset", path: str = f"{UPDATE}/MultipartUpload"
    ) -> Said:
        """Push an image in one multipart request."""
        line = "rackwright"
        parameters = json.dumps({"Targets": [], "@Redfish.OperationApplyTime": at})
        parts = (
            f'--{line}\r\nContent-Disposition: form-data; name="UpdateParameters"\r\nContent-Type: application/json\r\n\r\n{parameters}\r\n'
            f'--{line}\r\nContent-Disposition: form-data; name="UpdateFile"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = parts.encode() + image + f"\r\n--{line}--\r\n".encode()
        return self.ask("POST", path, body, Content_Type=f"multipart/form-data; boundary={line}")


class Twin(NamedTuple):
    """A running twin."""

    background: Background
    state: Path
    described: dict[str, Any]

    def client(self, device: str = "gpu01") -> Client:
        """Return a client of a BMC."""
        one = next(each for each in self.described["bmcs"] if each["device"] == device)
        tls = ssl.create_default_context(cafile=self.state / "twin" / "ca.pem")
        return Client(one["host"], one["redfish_port"], tls, one["user"], self.password)

    @property
    def password(self) -> str:
        """Return the password of the BMCs."""
        return (self.state / "twin" / "secrets" / "bmc").read_text(encoding="utf-8").strip()

    def ask(self, op: str, **rest: Any) -> dict[str, Any]:
        """Send a request to the control socket."""
        return self.background.ask(op, **rest)

    def fault(self, kind: str, device: str = "gpu01", **rest: Any) -> int:
        """Set a fault."""
        return int(self.ask("fault", kind=kind, device=device, **rest)["id"])

    def whole(self, device: str = "gpu01") -> dict[str, Any]:
        """Return everything of a BMC."""
        return self.ask("bmc", device=device)

    def deeds(self, kind: str, device: str = "gpu01") -> list[tuple[str, str]]:
        """Return what of a kind was really done."""
        return [(one["what"], one["value"]) for one in self.whole(device)["deeds"] if one["kind"] == kind]


@lru_cache
def spec(site: str, only: tuple[str, ...], rate: float, latency_ms: float, bmcs: str) -> Spec:
    """Return what a twin of a reference site is made from."""
    opened = open_site(ROOT / "inventory" / site)
    plan = planned(opened).plan
    return spec_of(opened, plan, rate=rate, latency_ms=latency_ms, only=only, bmcs=bmcs)


@contextmanager
def twin_of(
    state: Path,
    only: tuple[str, ...] = ("gpu01",),
    *,
    site: str = SITE,
    rate: float = 600,
    latency_ms: float = 0,
    bmcs: str = "behind",
) -> Iterator[Twin]:
    """Run a twin of a reference site in a thread; ``only`` are the devices that answer."""
    made = msgspec.structs.replace(spec(site, only, rate, latency_ms, bmcs), state=str(state))
    with Background(made) as background:
        yield Twin(background, state, json.loads((state / "twin.json").read_bytes()))


def until(holds: Callable[[], Any], limit_s: float = 20) -> Any:
    """Wait until something holds, and return it."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"it did not come to be within {limit_s} s: {holds()}")
