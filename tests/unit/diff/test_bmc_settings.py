"""How a BMC is set against how it should be."""

import msgspec
import pytest

from rackwright.diff.bmc.settings import LOCKDOWN, SettingChange, settings_changes
from rackwright.plan.controllers import BmcSettings

ATTRIBUTES = "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/DellAttributes/iDRAC.Embedded.1"
WANTED = BmcSettings(ntp=("10.0.0.1",), timezone="Etc/UTC")


def told(accounts=(), **attributes):
    """Return the resources of an iDRAC; ``Time_1_Timezone=`` sets ``Time.1.Timezone``."""
    values = {
        "NTPConfigGroup.1.NTPEnable": "Enabled",
        "NTPConfigGroup.1.NTP1": "10.0.0.1",
        "NTPConfigGroup.1.NTP2": "",
        "NTPConfigGroup.1.NTP3": None,
        "Time.1.Timezone": "UTC",
        LOCKDOWN: "Disabled",
        **{name.replace("_", "."): value for name, value in attributes.items()},
    }
    slots = {
        f"/redfish/v1/AccountService/Accounts/{number}": {"UserName": user, "RoleId": role, "Enabled": enabled}
        for number, (user, role, enabled) in enumerate(accounts, 2)
    }
    return {ATTRIBUTES: {"Attributes": values}, **slots}


def kinds(settings):
    return [change.kind for change in settings.changes]


def test_nothing_to_do():
    """A BMC that is set as wanted has changes before it; zones of one time, or an empty server, are taken for others."""
    assert settings_changes(told(), WANTED) == settings_changes(
        told(), msgspec.structs.replace(WANTED, timezone="Zulu")
    )
    assert settings_changes(told(), WANTED).changes == ()


def test_factory_fresh():
    """What a fresh BMC needs is not in the order of the work, or a password stands in it in the open."""
    wanted = msgspec.structs.replace(
        WANTED, service_user="watch", service_password="secret:watch", service_role="ReadOnly", lockdown=True
    )
    resources = told(
        [("root", "Administrator", True), ("", "None", False)],
        NTPConfigGroup_1_NTPEnable="Disabled", NTPConfigGroup_1_NTP1="", Time_1_Timezone="CST6CDT",
    )  # fmt: skip
    found = settings_changes(resources, wanted, factory=True)
    assert kinds(found) == ["password", "account", "attribute", "attribute", "attribute", "lock"]
    assert [str(change) for change in found.changes] == [
        "~ password of root: secret:bmc",
        "+ account watch: secret:watch",
        "~ NTPConfigGroup.1.NTPEnable: Disabled -> Enabled",
        "~ NTPConfigGroup.1.NTP1: (empty) -> 10.0.0.1",
        "~ Time.1.Timezone: CST6CDT -> Etc/UTC",
        f"~ {LOCKDOWN}: Disabled -> Enabled",
    ]
    assert [change.last for change in found.changes] == [False] * 5 + [True]
    assert not found.problems


@pytest.mark.parametrize(
    ("wanted", "lift", "fresh", "expected"),
    [
        (None, False, False, []),
        (True, False, False, []),
        (False, False, False, ["unlock"]),
        (False, False, True, ["unlock", "attribute"]),
        (True, True, True, ["unlock", "attribute", "lock"]),
    ],
)
def test_locked(wanted, lift, fresh, expected):
    """Lockdown that is on is lifted unasked, stays off when it was lifted, or is touched where nothing else is to be done."""
    resources = told(Lockdown_1_SystemLockdown="Enabled", Time_1_Timezone="CST6CDT" if fresh else "UTC")
    found = settings_changes(resources, msgspec.structs.replace(WANTED, lockdown=wanted), lift=lift)
    assert kinds(found) == expected
    assert not found.problems


@pytest.mark.parametrize(
    ("lift", "work", "expected"), [(True, True, ["unlock", "lock"]), (True, False, []), (False, True, [])]
)
def test_locked_and_firmware_is_behind(lift, work, expected):
    """Lockdown stays on over firmware and BIOS that are to be changed, or comes off for nothing."""
    resources = told(Lockdown_1_SystemLockdown="Enabled", Time_1_Timezone="UTC")
    found = settings_changes(resources, msgspec.structs.replace(WANTED, lockdown=True), lift=lift, work=work)
    assert (kinds(found), found.locked, bool(found.problems)) == (expected, work and not lift, work and not lift)


@pytest.mark.parametrize(("wanted", "lift"), [(None, False), (True, False), (None, True)])
def test_locked_and_not_lifted(wanted, lift):
    """A locked BMC is worked on without a word, or lockdown lifted of which nothing says that it belongs on again."""
    resources = told(Lockdown_1_SystemLockdown="Enabled", Time_1_Timezone="CST6CDT")
    found = settings_changes(resources, msgspec.structs.replace(WANTED, lockdown=wanted), lift=lift)
    assert "unlock" not in kinds(found)
    assert [problem for problem in found.problems if "--lift-lockdown" in problem]


def test_account_that_is_there():
    """An account that is there and works is made again, or a disabled one is taken for it."""
    wanted = msgspec.structs.replace(WANTED, service_user="watch", service_password="secret:watch")
    there = told([("root", "Administrator", True), ("watch", "Administrator", True)])
    assert settings_changes(there, wanted).changes == ()
    asleep = told([("watch", "Administrator", False)])
    assert kinds(settings_changes(asleep, wanted)) == ["account"]


def test_too_many_time_servers():
    """A fourth time server is dropped without a word."""
    wanted = msgspec.structs.replace(WANTED, ntp=("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"))
    found = settings_changes(told(), wanted)
    assert [change.new for change in found.changes] == ["10.0.0.2", "10.0.0.3"]
    assert any("10.0.0.4" in note for note in found.notes)


def test_another_vendor():
    """A BMC without attributes of an iDRAC is said to be set, or looked upon as a fault."""
    wanted = msgspec.structs.replace(WANTED, lockdown=True)
    found = settings_changes({"/redfish/v1/Managers/1": {}}, wanted)
    assert (found.changes, found.problems) == ((), ())
    assert len(found.notes) == 2


def test_certificate():
    """A certificate by another is kept though a signed one is asked for, one that is right renewed, or a missing authority passed over."""
    wanted = msgspec.structs.replace(WANTED, signed=True)
    own = told(SecurityCertificate_1_IssuerCommonName="host-1", SecurityCertificate_1_ExpiryState="Valid")
    assert settings_changes(own, wanted).problems
    assert settings_changes(own, wanted, authority="ours").changes == (
        SettingChange("certificate", "certificate", "issued by host-1", "issued by ours"),
    )
    right = told(SecurityCertificate_1_IssuerCommonName="ours", SecurityCertificate_1_ExpiryState="Valid")
    assert settings_changes(right, wanted, authority="ours").changes == ()
    old = told(SecurityCertificate_1_IssuerCommonName="ours", SecurityCertificate_1_ExpiryState="Expired")
    assert kinds(settings_changes(old, wanted, authority="ours")) == ["certificate"]
