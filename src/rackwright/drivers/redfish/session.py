"""A session with a BMC: it begins with a login and always ends with a logout; what may be asked again is, by cause and within bounds."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Any, Final, NoReturn
from urllib.parse import urljoin, urlsplit

from rackwright.drivers.clock import Clock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.redfish import standing
from rackwright.drivers.redfish.answers import Answer, busy_s, messages, refusal
from rackwright.drivers.redfish.multipart import Multipart
from rackwright.drivers.redfish.orphans import orphans
from rackwright.drivers.redfish.patience import Patience
from rackwright.drivers.redfish.wire import Wire
from rackwright.drivers.trust import Trust
from rackwright.errors import AuthRefused, DeviceRefused, DeviceTimeout, DriverError, LostMidCommand, Unreachable
from rackwright.secrets import Secret

__all__ = ["ROOT", "Session"]

ROOT: Final = "/redfish/v1"
_PLAIN: Final = ROOT + "/"
_SESSIONS: Final = ROOT + "/SessionService/Sessions"
_REMEDY: Final = "check the user and the secret that access.bmc names; a new server has the password of its label"
_NO_SESSIONS: Final = frozenset({404, 405, 501})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HOPS: Final = 3
_LAST_TRIES: Final = 3
_IDLE_S: Final = 300
"""After a silence of this long a session is looked at before anything is changed: it may have ended."""
_SERVER_ERROR: Final = 500
_TURN_S: Final = 2.0
"""Wall time that whoever ends a session waits for the request of another thread; after that it goes over a connection of its own."""


class Session:
    """One login at one BMC; for one thread at a time, but any other may end it.

    Reading is asked again when the BMC is busy, breaks off or answers nonsense; after a 401 there is one new login. What changes something is
    sent once. Raises the errors of :class:`rackwright.drivers.redfish.model.Redfish`.
    """

    def __init__(self, endpoint: Endpoint, *, password: Secret, trust: Trust, clock: Clock, limits: Limits) -> None:
        self.endpoint = endpoint
        self.device = endpoint.device
        self.clock = clock
        self.limits = limits
        self.account = ""
        """URI of our own account, where the BMC told it because its password must be changed first."""
        self._password = password
        self._place = ""
        self._in = False
        self._over = False
        """It was ended, by whichever thread: nothing is asked in it any more, and no new one begun in its place."""
        self._turn = threading.Lock()
        self._heard = clock.now()
        self._wire = Wire(endpoint, trust=trust, limits=limits)
        with ExitStack() as unless_in:
            unless_in.callback(self.close)
            standing.here(self)
            self.root = self._service()
            self._login()
            if not self.root:
                self.root = self.object(ROOT)
            unless_in.pop_all()

    # --- reading --------------------------------------------------------------------------------------------------

    def get(self, path: str) -> Any:
        """Return the JSON of one resource; asked again while the BMC is busy or breaks off."""
        return self.fetch(path)[0]

    def object(self, path: str) -> dict[str, Any]:
        """Return the JSON object of one resource."""
        found = self.get(path)
        if not isinstance(found, dict):
            self.senseless(f"GET {path}")
        return found

    def fetch(self, path: str) -> tuple[Any, Answer]:
        """Return the JSON of one resource and the answer that it came in."""
        answer = self._patiently("GET", self.path(path))
        if not answer.fine:
            raise self.refused(f"GET {path}", answer)
        return answer.value, answer

    def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """Call an action that only reads; asked again as reading is."""
        answer = self._patiently("POST", self.path(path), body)
        if not answer.fine:
            raise self.refused(f"POST {path}", answer)
        return answer.value

    # --- changing -------------------------------------------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Multipart | bytes | None = None,
        *,
        etag: str = "",
        limit_s: float | None = None,
        secrets: tuple[str, ...] = (),
    ) -> Answer:
        """Send what changes something, once. ``LostMidCommand`` and ``DeviceTimeout``: it may have been done, look before sending it again."""
        self._awake()
        headers = {"If-Match": etag} if etag else {}
        path = self.path(path)
        what = f"{method} {path}"
        answer = self._ask(method, path, body, headers=headers, limit_s=limit_s)
        for _ in range(_HOPS):
            if answer.status not in {307, 308}:
                break
            path = self.path(answer.header("Location"), path)
            answer = self._ask(method, path, body, headers=headers, limit_s=limit_s)
        self._heard = self.clock.now()
        if answer.status == 401:
            self._renew()
            remedy = "ask again"
            raise AuthRefused(
                f"the session with the BMC of {self.device} ended before {what}: nothing was done; {remedy}",
                device=self.device,
                remedy=remedy,
            )
        if not answer.fine:
            raise self.refused(what, answer, secrets)
        return answer

    def patch(
        self, path: str, body: Mapping[str, Any], *, seen: Answer | None = None, secrets: tuple[str, ...] = ()
    ) -> Answer:
        """Patch one resource as it is now: with the ETag that it has, fetched once more when that has changed (412, SYS404).

        ``seen``: the resource as it was just read.
        """
        for attempt in range(2):
            if seen is None or attempt:
                _, seen = self.fetch(path)
            try:
                return self.send("PATCH", path, body, etag=seen.header("ETag"), secrets=secrets)
            except DeviceRefused as error:
                if attempt or not (error.status == 412 or error.message_id == "SYS404"):
                    raise
        raise AssertionError("the loop returns or raises")

    def refused(self, what: str, answer: Answer, secrets: tuple[str, ...] = ()) -> DeviceRefused:
        """Return the error for a no."""
        return refusal(self.device, what, answer, (self._password.reveal(), *secrets))

    def senseless(self, what: str) -> NoReturn:
        """Raise the error for an answer that is nothing that Redfish has."""
        raise DeviceRefused(f"{self.device} answers {what} with something else", device=self.device)

    def path(self, url: str, base: str = "/") -> str:
        """Return the path of a URL of this BMC; raises ``DeviceRefused`` for one of another host, which must not get our token."""
        if url.startswith(_PLAIN) and "//" not in url and "#" not in url:
            return url
        parts = urlsplit(urljoin(self._wire.origin + base, url))
        if f"{parts.scheme}://{parts.netloc}" != self._wire.origin:
            remedy = "look at what the BMC is told of its own name, and who answers in its place"
            raise DeviceRefused(
                f"the BMC of {self.device} sends us to another host, which is not followed: {remedy}",
                device=self.device,
                remedy=remedy,
            )
        return parts.path + (f"?{parts.query}" if parts.query else "")

    # --- the session itself ---------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the session at the BMC, whatever happened; never raises.

        A thread that is left in the middle of a request keeps its connection; the session is ended over another one then.
        """
        self._over = True
        standing.gone(self)
        if self._turn.acquire(timeout=_TURN_S):
            try:
                self._logout(self._wire)
            finally:
                self._wire.close()
                self._turn.release()
            return
        with suppress(DriverError):
            beside = self._wire.another()
            try:
                self._logout(beside)
            finally:
                beside.close()

    def changed_password(self, password: Secret) -> None:
        """Log in with this password from now on."""
        self._password = password

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | Multipart | bytes | None = None, **how: Any
    ) -> Answer:
        """Send one request once, unless the session was ended meanwhile: nothing is sent then."""
        with self._turn:
            if self._over or standing.leaving():
                raise Unreachable(
                    f"the session with the BMC of {self.device} was ended: nothing was sent", device=self.device
                )
            return self._wire.ask(method, path, body, **how)

    def _logout(self, wire: Wire) -> None:
        place, self._place = self._place, ""
        if not place:
            return
        for _ in range(_LAST_TRIES):
            try:
                answer = wire.ask("DELETE", place, limit_s=self.limits.login_s)
            except LostMidCommand:
                continue
            except DriverError:
                return
            if busy_s(answer) is None:
                return
            self.clock.sleep(self.limits.pause_s)

    def _service(self) -> dict[str, Any]:
        """Read the service root, which needs no login; empty where the BMC wants one all the same."""
        answer = self._patiently("GET", ROOT)
        if answer.status in {401, 403}:
            return {}
        if not answer.fine:
            raise self.refused(f"GET {ROOT}", answer)
        if not isinstance(answer.value, dict):
            self.senseless(f"GET {ROOT}")
        return answer.value

    def _login(self) -> None:
        links = self.root.get("Links")
        sessions = links.get("Sessions") if isinstance(links, dict) else None
        place = self.path(str((sessions or {}).get("@odata.id") or _SESSIONS))
        user, password = self.endpoint.user, self._password.reveal()
        self._wire.token(None)
        answer = self._offered(place, {"UserName": user, "Password": password})
        if answer.status in _NO_SESSIONS:
            # A service without sessions. Never both at a time: an iDRAC refuses that (SYS468).
            self._wire.basic("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
        elif answer.fine and answer.header("X-Auth-Token"):
            self._began(answer)
            if self._over:
                # Whoever ended it while this answer was under way did not know of it yet.
                self._logout(self._wire)
            self._end_orphans(place)
        elif answer.status in {401, 403}:
            raise AuthRefused(
                f"the BMC of {self.device} does not let {user} in: {_REMEDY}", device=self.device, remedy=_REMEDY
            )
        else:
            raise self.refused("a login", answer)
        self._in = True

    def _offered(self, place: str, login: dict[str, str]) -> Answer:
        """Ask for a session, again while the BMC says that it is busy or has none left: then it made none.

        One more try is made when an answer was lost, or was a plain 500 though the service answers otherwise; the session that
        the BMC may have made is looked for after the next login, of this process, and ended.
        """
        patience, unsure = Patience(self.clock, self.limits, breaks=2), 0
        while True:
            sent = self.clock.now()
            try:
                answer = self._ask("POST", place, login, limit_s=self.limits.login_s)
            except LostMidCommand as error:
                standing.unheard(self.endpoint, self.clock, sent)
                patience.broke(error)
                continue
            except DeviceTimeout:
                standing.unheard(self.endpoint, self.clock, sent)
                raise
            if answer.status == _SERVER_ERROR:
                unsure += 1
                standing.unheard(self.endpoint, self.clock, sent)
            if answer.fine or unsure > 1 or not patience.wants_more(answer):
                return answer
            if answer.status == _SERVER_ERROR and not self._answered("GET", ROOT, None).fine:
                return answer

    def _began(self, answer: Answer) -> None:
        self._wire.token(answer.header("X-Auth-Token"))
        place = answer.header("Location")
        if not place and answer.sound and isinstance(answer.value, dict):
            place = str(answer.value.get("@odata.id") or "")
        self._place = self.path(place) if place else ""
        for message in messages(answer):
            if message.id == "PasswordChangeRequired" and message.arguments:
                self.account = self.path(message.arguments[0])

    def _end_orphans(self, collection: str) -> None:
        ages = standing.heard(self.endpoint, self.clock)
        if ages and self._place:
            # Ours is the wish to leave nothing behind; that the BMC will not hear of it spoils no work.
            with suppress(DriverError):
                for uri in orphans(self.object, collection, self._place, ages):
                    self._ask("DELETE", self.path(uri), limit_s=self.limits.login_s)

    def _renew(self) -> None:
        """Log in again, once. The old session is gone, or we would not have been asked."""
        self._place, self._in = "", False
        self._login()

    def _awake(self) -> None:
        """Look whether the session still lives before something is changed after a long silence."""
        if self._place and self.clock.now() - self._heard > _IDLE_S:
            self._patiently("GET", self._place)

    def _patiently(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Ask what may be asked twice until there is an answer that means something, or the time for that is over."""
        answer = self._answered(method, path, body)
        if answer.status == 401 and self._in:
            self._renew()
            answer = self._answered(method, path, body)
        if answer.fine and not answer.sound:
            raise DeviceRefused(f"{self.device} answers {method} {path} with what is no JSON", device=self.device)
        return answer

    def _answered(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        patience, hops = Patience(self.clock, self.limits), 0
        while True:
            try:
                answer = self._ask(method, path, body)
            except LostMidCommand as error:
                patience.broke(error)
                continue
            self._heard = self.clock.now()
            if answer.status in _REDIRECTS and hops < _HOPS:
                hops, path = hops + 1, self.path(answer.header("Location"), path)
            elif not patience.wants_more(answer):
                return answer
