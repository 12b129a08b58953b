"""First contact with a BMC, and its settings made."""

import pytest

from rackwright.diff.bmc.settings import LOCKDOWN, SettingChange
from rackwright.errors import AuthRefused, DeviceRefused, SecretUnresolved
from rackwright.push.bmc.meeting import apply_settings, factory_password, meet
from rackwright.secrets import Secret
from tests.unit.push.bmcs import Box, Way

OLD, NEW = "as-delivered-1", "of-the-site-2"
PASSWORD = SettingChange("password", "password of root", "as delivered", "secret:bmc")
ACCOUNT = SettingChange("account", "account watch", "", "secret:watch", "ReadOnly")
NTP = SettingChange("attribute", "NTPConfigGroup.1.NTP1", "", "10.0.0.1")
ZONE = SettingChange("attribute", "Time.1.Timezone", "CST6CDT", "UTC")
UNLOCK = SettingChange("unlock", LOCKDOWN, "Enabled", "Disabled")
LOCK = SettingChange("lock", LOCKDOWN, "Disabled", "Enabled")


@pytest.fixture
def way():
    return Way(Box(), {"bmc": NEW, "watch": "of-the-watch-3"})


def test_met_with_the_sites_password(way):
    """A BMC that has the site's password is asked with the factory's."""
    way.box.password = NEW
    met = meet(way, "gpu01", factory=Secret(OLD))
    assert not met.factory
    assert way.box.wrong == []
    met.session.close()


def test_met_with_the_factorys(way):
    """A fresh BMC is not met though its password is given, or is asked more often than it takes."""
    met = meet(way, "gpu01", factory=Secret(OLD))
    assert met.factory
    assert len(way.box.wrong) == 1
    met.session.close()


def test_no_factory_password_given(way):
    """A well-known password is tried without being asked for, or it is not said how to give one."""
    way.box.password = "calvin"
    assert factory_password(way.resolvers) is None
    with pytest.raises(AuthRefused, match="bmc_factory") as caught:
        meet(way, "gpu01", factory=factory_password(way.resolvers))
    assert NEW not in str(caught.value)
    met = meet(way, "gpu01", factory=factory_password(way.resolvers, default=True))
    assert met.factory
    met.session.close()


def test_neither_password(way):
    """A third password is tried, or two are tried again."""
    way.box.password = "of somebody else"
    with pytest.raises(AuthRefused, match="neither"):
        meet(way, "gpu01", factory=Secret(OLD))
    assert len(way.box.wrong) == 2


def made(way, *changes, factory=OLD):
    session = way.bmc("gpu01", password=Secret(factory))
    session = apply_settings(way, "gpu01", session, changes, factory=Secret(factory))
    session.close()
    assert way.box.sessions == 0
    return way.box


def test_everything_in_its_order(way):
    """A setting is left out, attributes go one by one, or a session is left behind."""
    way.box.attributes = {NTP.name: "", ZONE.name: "CST6CDT", LOCKDOWN: "Enabled"}
    box = made(way, UNLOCK, PASSWORD, ACCOUNT, NTP, ZONE, LOCK)
    assert box.said == ["attributes", "password", "account", "attributes", "attributes"]
    assert box.password == NEW
    assert box.accounts == {"watch": "ReadOnly"}
    assert box.attributes == {NTP.name: "10.0.0.1", ZONE.name: "UTC", LOCKDOWN: "Enabled"}
    assert box.wrong == []


@pytest.mark.parametrize("done", [True, False])
def test_password_whose_answer_is_lost(way, done):
    """A lost answer to a new password locks us out, or leaves the old one in place with a good word."""
    way.box.lose = [("password", done)]
    box = made(way, PASSWORD)
    assert box.password == NEW
    assert box.said == ["password"] * (1 if done else 2)
    assert len(box.wrong) == (0 if done else 1)


def test_password_that_is_never_taken(way):
    """A BMC that keeps its password is asked without end, shuts us out, or is called done."""
    way.box.lose = [("password", False)] * 9
    meet(way, "gpu01", factory=Secret(OLD)).session.close()
    with pytest.raises(DeviceRefused, match="kept its old password"):
        made(way, PASSWORD)
    times = [at for at in way.box.wrong if way.clock.now() - at < 60]
    assert len(times) < 3
    assert way.box.sessions == 0
    way.bmc("gpu01", password=Secret(OLD)).close()


def test_password_of_neither(way):
    """A BMC whose password became a third one is tried again and again."""
    way.box.lose = [("password", False)]
    session = way.bmc("gpu01", password=Secret(OLD))
    way.box.password = "a third one"
    with pytest.raises(AuthRefused, match="neither the new password nor the old one") as caught:
        apply_settings(way, "gpu01", session, (PASSWORD,), factory=Secret(OLD))
    assert len(way.box.wrong) == 2
    assert not any(secret in str(caught.value) for secret in (OLD, NEW))


def test_secret_that_is_missing(way):
    """A password that is nowhere to be found is told after the old one is gone."""
    del way.secrets["bmc"]
    with pytest.raises(SecretUnresolved):
        made(way, PASSWORD)
    assert way.box.password == OLD


@pytest.mark.parametrize("done", [True, False])
def test_attributes_whose_answer_is_lost(way, done):
    """Attributes whose answer is lost are not looked up."""
    way.box.password = NEW
    way.box.attributes = {ZONE.name: "CST6CDT"}
    way.box.lose = [("attributes", done)]
    box = made(way, ZONE, factory=NEW)
    assert box.attributes == {ZONE.name: "UTC"}
    assert len(box.said) == (1 if done else 2)


def test_attribute_that_does_not_change(way):
    """An attribute that was taken and did not change is called done."""
    way.box.password = NEW
    way.box.attributes = {ZONE.name: "CST6CDT", NTP.name: ""}
    way.box.deaf = {ZONE.name}
    with pytest.raises(DeviceRefused, match=r"Time\.1\.Timezone = 'UTC' and still has 'CST6CDT'"):
        made(way, NTP, ZONE, factory=NEW)
    assert way.box.sessions == 0
