"""How we log in: a key, an agent, a password; resolved in memory, shown nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rackwright.errors import AuthRefused
from rackwright.secrets import Secret

if TYPE_CHECKING:
    from paramiko import PKey

__all__ = ["Login"]


@dataclass(frozen=True)
class Login:
    """What may be offered to a device, in this order: the key of ``identity``, the keys of the agent, the password."""

    identity: Path | None = None
    agent: bool = False
    password: Secret | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        """Say whether there is anything to offer."""
        return self.identity is not None or self.agent or self.password is not None

    @cached_property
    def key(self) -> PKey | None:
        """The key of ``identity``, read once for all sessions.

        Raises :class:`~rackwright.errors.AuthRefused` when the file is no key, or one with a passphrase.
        """
        if self.identity is None:
            return None
        from cryptography.exceptions import UnsupportedAlgorithm
        from paramiko import PKey, SSHException

        try:
            return PKey.from_path(self.identity)
        except OSError as error:
            raise self._unreadable(error.strerror or "cannot be read", "name a private key that you may read") from None
        except (SSHException, ValueError, TypeError, IndexError, UnsupportedAlgorithm) as error:
            # `from None`: a parser's message may quote what it met, and that is the key.
            if "password" in str(error):
                raise self._unreadable("is locked", f"unlock it with 'ssh-add {self.identity}'") from None
            raise self._unreadable("is no private key", "name one in the form of OpenSSH") from None

    def _unreadable(self, what: str, remedy: str) -> AuthRefused:
        return AuthRefused(f"{self.identity}: {what}; {remedy}", remedy=remedy)
