"""The one place where foreign exceptions become ours, with the device, the step and what to do.

paramiko and netmiko raise trees of their own, requests another, sockets a third; above this module nobody sees
them. What they say is cut to its kind: their texts may hold what was sent.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.errors import AuthRefused, DeviceTimeout, DriverError, LostMidCommand, NoSession, Unreachable

__all__ = ["asking", "connecting", "distrusted", "lost", "slow", "talking", "unreachable"]

_WAY = "check its address, cable and power, and that a control-plane ACL lets you in"
_LOGIN = "check --identity, the keys of your ssh-agent, and the secret switch_password"
_LOOK = "look at the device before sending it again"
_OUT_OF_TIME = (
    ("certificate has expired", "that has expired", "renew it"),
    ("certificate is not yet valid", "that is not valid yet", "renew it, if it was signed with a wrong date"),
)
"""What OpenSSL says of a certificate whose time is not now, what we say, and what helps (X509_verify_cert_error_string(3))."""
_OTHER_NAME = ("mismatch, certificate is not valid for", "doesn't match")
"""What OpenSSL and urllib3 say of a certificate for another host."""


def unreachable(
    endpoint: Endpoint, port: int, why: str, kind: type[Unreachable] = Unreachable, remedy: str = _WAY
) -> Unreachable:
    """Return the error for a device that no connection could be made to, or no session over one (``NoSession``)."""
    return kind(
        f"{endpoint.device} cannot be reached at {endpoint.host} port {port}: {why}",
        device=endpoint.device,
        remedy=remedy,
    )


def distrusted(said: str, host: str, ca: Path | None, pins: str) -> tuple[str, str]:
    """Return what is wrong with a certificate, to stand behind "a certificate", and what to do, by what OpenSSL said of it.

    ``pins``: how else it may be trusted, where nobody vouches for it.
    """
    renewed = f"a certificate of {ca} for {host}"
    for sign, wrong, remedy in _OUT_OF_TIME:
        if sign in said:
            return wrong, f"look at the clock of this machine; if it is right, {remedy}: give it {renewed}"
    if any(sign in said for sign in _OTHER_NAME):
        return f"that is not for {host}", f"renew it: give it {renewed}, or correct its address"
    return f"that {ca} does not vouch for", f"give it {renewed}, or {pins}"


def lost(device: str, what: str) -> LostMidCommand:
    """Return the error for a connection that broke while the device was at work."""
    return LostMidCommand(
        f"{device}: the connection broke during {what!r}; whether it was done is not known: {_LOOK}",
        device=device,
        remedy=_LOOK,
    )


def slow(device: str, what: str, seconds: float) -> DeviceTimeout:
    """Return the error for a device that let a limit pass."""
    remedy = "look whether it is overloaded or stuck"
    return DeviceTimeout(
        f"{device} gave no answer to {what!r} within {seconds:g} s: {remedy}", device=device, remedy=remedy
    )


@contextmanager
def connecting(endpoint: Endpoint, offered: str, limits: Limits) -> Iterator[None]:
    """Translate what goes wrong until we are logged in over SSH; ``offered`` says what we showed, not its value."""
    import paramiko

    device = endpoint.device
    try:
        yield
    except paramiko.AuthenticationException as error:
        text = str(error)
        if "timeout" in text:
            raise slow(device, "login", limits.login_s) from None
        if "EOF" in text:
            # One that has seen enough wrong keys hangs up, too, and says no more than one whose power fails.
            why = f"it closed the connection during the login with {offered}, which it may not know"
            raise unreachable(
                endpoint, endpoint.ssh_port, why, NoSession, f"{_LOGIN}; if they are right, {_WAY}"
            ) from None
        raise AuthRefused(
            f"{device} does not let {endpoint.user} in with {offered}: {_LOGIN}", device=device, remedy=_LOGIN
        ) from None
    except paramiko.SSHException as error:
        raise unreachable(endpoint, endpoint.ssh_port, f"no SSH session ({_kind(error)})", NoSession) from None
    except (ConnectionResetError, EOFError) as error:
        raise unreachable(endpoint, endpoint.ssh_port, _reason(error), NoSession) from None
    except OSError as error:
        raise unreachable(endpoint, endpoint.ssh_port, _reason(error)) from None


@contextmanager
def talking(device: str, what: str, seconds: float) -> Iterator[None]:
    """Translate what goes wrong after a command was sent over SSH."""
    import paramiko

    try:
        yield
    except TimeoutError:
        raise slow(device, what, seconds) from None
    except (paramiko.SSHException, EOFError, OSError):
        raise lost(device, what) from None


@contextmanager
def asking(endpoint: Endpoint, what: str, seconds: float) -> Iterator[None]:
    """Translate what goes wrong with a request to the API; TLS is judged by whoever knows the pins."""
    import requests
    import urllib3

    try:
        yield
    except requests.exceptions.SSLError:
        raise
    except requests.exceptions.ConnectTimeout:
        raise unreachable(endpoint, endpoint.rest_port, f"no connection within {seconds:g} s") from None
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
        raise slow(endpoint.device, what, seconds) from None
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise _broken(endpoint, what, error) from None


def _broken(endpoint: Endpoint, what: str, error: BaseException) -> DriverError:
    """Tell a connection that was never there, when nothing was sent, from one that broke."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, NewConnectionError):
        return unreachable(endpoint, endpoint.rest_port, _reason(reason.__cause__ or reason))
    return lost(endpoint.device, what)


def _reason(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return _kind(error)


def _kind(error: BaseException) -> str:
    """Return an exception's kind and nothing of its text."""
    return {"SSHException": "it speaks no SSH, or broke off", "IncompatiblePeer": "no common algorithm"}.get(
        type(error).__name__, type(error).__name__
    )
