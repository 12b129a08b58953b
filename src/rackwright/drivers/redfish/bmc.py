"""One session with one BMC, as :class:`rackwright.drivers.redfish.model.Redfish` offers it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

from rackwright.drivers.clock import Clock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.redfish import bios, host, owner, updates
from rackwright.drivers.redfish.model import ALL, Boot, Host, Media, Readiness, Topic
from rackwright.drivers.redfish.places import Places
from rackwright.drivers.redfish.queue import Queue
from rackwright.drivers.redfish.reader import Reader
from rackwright.drivers.redfish.session import Session
from rackwright.drivers.trust import Trust
from rackwright.redfish.inventory import Job, Resources
from rackwright.secrets import Secret

__all__ = ["Bmc"]


class Bmc:
    """A BMC that we are logged in to; for one thread at a time."""

    def __init__(self, endpoint: Endpoint, *, password: Secret, trust: Trust, clock: Clock, limits: Limits) -> None:
        self.device = endpoint.device
        self._session = Session(endpoint, password=password, trust=trust, clock=clock, limits=limits)
        with ExitStack() as unless_made:
            unless_made.callback(self._session.close)
            self._reader = Reader(self._session)
            self._places = Places(self._session, self._reader)
            self._queue = Queue(self._places, self._reader)
            unless_made.pop_all()

    def read(self, topics: Collection[Topic] = ALL) -> Resources:
        """Read the resources of some topics; what failed is told under ``#errors``."""
        return self._reader.read(topics)

    def get(self, path: str) -> Any:
        """Return the JSON of one resource."""
        return self._session.get(path)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Call an action once and return what it answers, None for nothing."""
        answer = self._session.send("POST", path, body)
        return answer.value if answer.sound else None

    def readiness(self) -> Readiness:
        """Ask whether the BMC takes work."""
        return owner.readiness(self._places)

    def jobs(self) -> tuple[Job, ...]:
        """Read the job queue."""
        return self._queue.all()

    def job(self, job: str) -> Job:
        """Read one job wherever the BMC keeps it."""
        return self._queue.one(job)

    def stage_bios(self, attributes: Mapping[str, Any]) -> str:
        """Stage attributes for the next reset, all in one; empty at a BMC that does it without a job."""
        return bios.stage_bios(self._places, self._queue, attributes)

    def clear_pending(self) -> None:
        """Drop what is staged and has no job."""
        bios.clear_pending(self._places)

    def delete_job(self, job: str) -> None:
        """Take a job that is not running out of the queue."""
        self._queue.delete(job)

    def push_image(self, image: Path, *, at: Literal["now", "reset"] = "now") -> str:
        """Upload an update image in a stream; return the id of its job."""
        return updates.push_image(self._places, self._queue, image, at)

    def pull_image(self, url: str, *, at: Literal["now", "reset"] = "now", user: str = "", password: str = "") -> str:
        """Have the BMC fetch an update image; return the id of its job."""
        return updates.pull_image(self._places, self._queue, url, at, user, password)

    def host(self) -> Host:
        """Read how far the host is, in one request."""
        return host.state(self._places)

    def power(self) -> str:
        """Return the power state."""
        return self.host().power

    def reset(self, kind: str) -> None:
        """Reset the host."""
        host.reset(self._places, kind)

    def ac_cycle(self) -> None:
        """Cycle the auxiliary power too."""
        host.ac_cycle(self._places)

    def restart_bmc(self) -> None:
        """Restart the BMC itself."""
        owner.restart_bmc(self._places)

    def media(self) -> tuple[Media, ...]:
        """Read the virtual drives."""
        return host.media(self._places, self._reader)

    def insert(self, url: str) -> str:
        """Put an image into the virtual CD; return the drive's name."""
        return host.insert(self._places, self._reader, url)

    def eject(self) -> None:
        """Empty the virtual drives."""
        host.eject(self._places, self._reader)

    def boot(self) -> Boot:
        """Read the boot override."""
        return host.boot(self._places)

    def boot_once(self, target: str, *, uri: str = "") -> None:
        """Boot once from ``Cd``, ``Pxe`` or ``UefiHttp``."""
        host.boot_once(self._places, target, uri)

    def change_settings(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes of the BMC itself."""
        owner.change_settings(self._places, attributes)

    def export_profile(self) -> str:
        """Return the server configuration profile."""
        return owner.export_profile(self._places, self._queue)

    def set_password(self, user: str, password: str) -> None:
        """Change the password of an account."""
        owner.set_password(self._places, self._reader, user, password)

    def add_account(self, user: str, password: str, role: str = "Administrator") -> None:
        """Make an account."""
        owner.add_account(self._places, self._reader, user, password, role)

    def close(self) -> None:
        """End the session at the BMC; never raises."""
        self._session.close()
