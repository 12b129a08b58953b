"""No secret is written down: not in a value, not in an exception, not in what is told, in no disguise."""

import base64
import gzip
import pickle
from urllib.parse import quote_plus

import pytest

from rackwright import runs
from rackwright.errors import DeviceRefused
from rackwright.runs.redaction import MASK, Redactor
from rackwright.secrets import Secret
from tests.unit.runs.canary import find
from tests.unit.runs.toy import Toy, order

CANARY = "Zx/9+canary pla&nted?7Q"


class Careless(Toy):
    """Puts its secret wherever a program can put one."""

    def device(self, context, order, device):
        spoken = [
            CANARY,
            base64.b64encode(f"user:{CANARY}".encode()).decode(),
            base64.b64encode(f"us:{CANARY}".encode()).decode(),
            base64.urlsafe_b64encode(f"u:{CANARY}!".encode()).decode(),
            f"https://u:p@host/?q={quote_plus(CANARY)}",
            CANARY.encode().hex(),
        ]
        context.step("values", lambda: {"list": spoken, CANARY: 1, "deep": {"password": CANARY, "n": [CANARY]}})
        context.event(f"says {CANARY}", field=CANARY)
        if device == "a1":
            context.step("refused", lambda: self.refuse(device))
        if device == "a2":
            raise KeyError(CANARY)
        if device == "a3":
            context.step("bug", lambda: {}[CANARY])
        if device == "a4":
            context.step("secret", lambda: Secret(CANARY))
        return runs.Outcome(subject=device, state="done", cause=CANARY, detail={"said": CANARY})

    def refuse(self, device):
        raise DeviceRefused(f"bad password {CANARY}", device=device, remedy=f"not {CANARY}")

    def gate(self, context, order, wave, outcomes):
        return runs.Outcome(subject=wave.name, state="failed", cause=CANARY, remedy=CANARY)


def test_planted_secret_is_found_nowhere_in_the_state(site):
    """One journal that holds a password makes every backup of the site a leak."""
    waves = order(("one", ["a1", "a2", "a3", "a4", "a5"]), ("two", ["b1"]))
    told = []
    with runs.opened(site / "s", programs=[Careless(site / "world")], hide=[Secret(CANARY)]) as engine:
        report = engine.run("toy", waves, on_event=told.append)
        assert find(CANARY, site / "s") == []
    assert find(CANARY, site / "s") == []
    assert CANARY not in repr((report, told, runs.listed(site / "s")))
    assert report.outcomes["a1"].cause == f"bad password {MASK}"
    assert "a Secret is never written down" in report.outcomes["a4"].cause
    assert report.outcomes["a5"].state == "done"


def test_canary_search_finds_each_form(tmp_path):
    """A search that finds nothing anywhere would pass every test above."""
    forms = {
        "plain": CANARY.encode(),
        "pickle": base64.b64encode(pickle.dumps({"k": [CANARY]})),
        "gzip": gzip.compress(b"xx" + CANARY.encode()),
        "url": quote_plus(CANARY).encode(),
        **{f"base64-{n}": base64.b64encode(b"x" * n + CANARY.encode() + b"yy") for n in range(3)},
    }
    for name, content in forms.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"before " + content + b" after")
        assert find(CANARY, tmp_path / name), name
    (tmp_path / "none").mkdir()
    (tmp_path / "none/file").write_bytes(b"nothing")
    assert find(CANARY, tmp_path / "none") == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"password": "x", "Hashed-Password": "y", "community": 7}, {"password": MASK, "Hashed-Password": MASK, "community": MASK}),
        ({"secret": "switch_password"}, {"secret": "switch_password"}),
        ({"secret": "file/bmc"}, {"secret": "file/bmc"}),
        ({"secret": "not a name!"}, {"secret": MASK}),
        ({"secret": "hunter2", "user": "u"}, {"secret": MASK, "user": "u"}),
        ({"token": {"secret": "api"}, "password": "secret:bmc"}, {"token": {"secret": "api"}, "password": "secret:bmc"}),
        ({"credentials": {"a": ["x", {"b": "y"}]}}, {"credentials": {"a": [MASK, {"b": MASK}]}}),
        ({"password": None, "token": True}, {"password": None, "token": True}),
        (["hash $6$saltsalt$abcdefgh./012345 end"], [f"hash {MASK} end"]),
        ("https://me:word@host/x", f"https://me:{MASK}@host/x"),
        ("Authorization: Basic dXNlcjpwYXNz", f"Authorization: Basic {MASK}"),
        ("login password=hunter2, user=me", f"login password={MASK}, user=me"),
        ("a -----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY----- b", f"a {MASK} b"),
        ({"tuple": (1, 2.5, None, "text")}, {"tuple": [1, 2.5, None, "text"]}),
    ],
)  # fmt: skip
def test_what_looks_secret_is_masked_and_references_stay(given, kept):
    """A reference says which secret was used, and is what a reader needs; the value is what nobody needs."""
    assert Redactor().value(given) == kept


def test_masking_twice_changes_nothing():
    """A replayed value must be the value that was seen first."""
    redactor = Redactor([Secret(CANARY)])
    once = redactor.value({"a": CANARY, "b": "password: x", "c": "$6$saltsalt$abcdefgh./012345"})
    assert redactor.value(once) == once


@pytest.mark.parametrize("value", [Secret("x"), object(), {"a": {1, object()}}, b"bytes\xff" and object()])
def test_what_json_cannot_hold_is_refused_without_a_word_of_it(value):
    """A value that is only seen when it is read back is seen too late."""
    with pytest.raises(TypeError, match="never written down"):
        Redactor().value(value)
