"""No secret of a driver gets anywhere but to the switch: not into logs, arguments, exceptions or files."""

import pytest

from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue.connect import connect
from rackwright.drivers.trust import Trust
from rackwright.errors import DriverError
from rackwright.secrets import Secret, resolve_tree
from rackwright.twin.engine.accounts import hashed
from tests.canary import Canary, watched

PASSWORD = "canary-9f1c-password"
WRONG = "canary-77aa-wrong-one"


class Held:
    """A resolver that holds one hash."""

    store = "file"

    def __init__(self, value: str) -> None:
        self.value = value

    def find(self, name: str) -> Secret | None:
        return Secret(self.value) if name == "switch_hash" else None


@pytest.fixture
def hashed_password(monkeypatch):
    monkeypatch.setenv("RACKWRIGHT_SECRET_SWITCH_PASSWORD", PASSWORD)
    return hashed(PASSWORD)


def test_secrets_stay_secret(twin, tmp_path, hashed_password):
    """A whole push over both transports, and every way in which one fails, lets no secret out in any form."""
    up = twin(rate=600.0)
    name = min(up.ends)
    end = Endpoint(**up.ends[name])
    trust = Trust(tmp_path / "pins", known_hosts=up.state / up.told["known_hosts"], ca=up.state / up.told["ca"])
    clock = ScaledClock(600)
    limits = Limits(answer_s=20, apply_s=30, boot_s=600, pause_s=1)

    def way(transport, password):
        key = up.state / up.told["identity"] if transport == "ssh" and password == PASSWORD else None
        login = Login(identity=key, password=Secret(password))
        return connect(end, login=login, trust=trust, transport=transport, clock=clock, limits=limits)

    with watched() as seen:
        for transport in ("ssh", "rest"):
            nvue = way(transport, PASSWORD)
            tree = nvue.running()
            tree["system"]["aaa"]["user"]["cumulus"]["hashed-password"] = {"secret": "switch_hash"}
            tree["system"]["hostname"] = transport
            sent = resolve_tree(tree, [Held(hashed_password)])
            nvue.apply(nvue.stage(sent), confirm_s=600)
            nvue.confirm()
            for fault in ({"kind": "refuse", "at": "stage", "value": f"'{hashed_password}' is not valid"},
                          {"kind": "drop", "at": "stage", "count": 9}):  # fmt: skip
                up.ask("fault", device=name, **fault)
                sent["system"]["hostname"] += "x"
                with pytest.raises(DriverError) as caught:
                    way(transport, PASSWORD).stage(sent)
                seen.caught(caught.value)
                up.ask("clear", ids=None)
            with pytest.raises(DriverError) as caught:
                way(transport, WRONG)
            seen.caught(caught.value)
            nvue.close()
        seen.texts += [repr(Login(password=Secret(PASSWORD))), repr(Secret(WRONG))]
    for secret in (PASSWORD, WRONG, hashed_password):
        canary = Canary(secret)
        assert seen.leaks(canary) == []
        assert canary.in_folder(tmp_path, but=[up.state / "twin/secrets"]) == []
    assert seen.log, "the ear heard nothing at all: it proves nothing"
