"""Update images: pushed in a stream, or fetched by the BMC itself; each once (redfish.md 2.5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from rackwright.drivers.redfish.multipart import Multipart
from rackwright.drivers.redfish.places import Places, dig
from rackwright.drivers.redfish.queue import Queue
from rackwright.errors import DeviceRefused

__all__ = ["At", "pull_image", "push_image"]

At = Literal["now", "reset"]
_TIMES: Final = {"now": "Immediate", "reset": "OnReset"}


def push_image(places: Places, queue: Queue, image: Path, at: At) -> str:
    """Upload an image in a stream; return the id of its job."""
    target = places.updates.get("MultipartHttpPushUri")
    if not isinstance(target, str):
        raise places.no(
            "upload of images", "give the image a url that the BMC can reach, and name that in the catalogue"
        )
    try:
        body = Multipart({"Targets": [], **_time(places, at)}, image)
    except OSError as error:
        device = places.session.device
        raise DeviceRefused(
            f"{image} cannot be read ({error.strerror}): nothing was sent to {device}", device=device
        ) from None
    try:
        answer = places.session.send("POST", target, body, limit_s=places.session.limits.upload_s)
    finally:
        body.close()
    return queue.made(answer)


def pull_image(places: Places, queue: Queue, url: str, at: At, user: str, password: str) -> str:
    """Have the BMC fetch an image; return the id of its job."""
    action = places.action(places.updates, "UpdateService.SimpleUpdate")
    if not action:
        raise places.no("update from a url", "upload the image from a file")
    body: dict[str, Any] = {
        "ImageURI": url,
        "TransferProtocol": urlsplit(url).scheme.upper(),
        **_time(places, at),
    }
    if user:
        body |= {"Username": user, "Password": password}
    return queue.made(places.session.send("POST", action, body, secrets=(password,)))


def _time(places: Places, at: At) -> dict[str, str]:
    """Return when it is to be applied, where the BMC can be told."""
    offered = dig(
        places.updates,
        "Actions",
        "#UpdateService.SimpleUpdate",
        "@Redfish.OperationApplyTimeSupport",
        "SupportedValues",
    )
    if isinstance(offered, list) and _TIMES[at] in offered:
        return {"@Redfish.OperationApplyTime": _TIMES[at]}
    if at == "reset":
        raise places.no("update at the next reset", "let it be applied now")
    return {}
