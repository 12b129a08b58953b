"""Every run that a push begins has its journal where the way says, and is looked for there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rackwright import runs
from rackwright.push import submitting as switches
from rackwright.push.bmc import settling
from rackwright.push.bmc import submitting as bmcs
from rackwright.push.hosts import bare
from rackwright.push.hosts import submitting as hosts
from rackwright.push.hosts.order import Order as HostOrder
from rackwright.push.installs import submitting as installs

ASIDE = "postgresql://rw@db.example/rw"


class OpenedError(Exception):
    """Where a journal would have been opened."""


def order(**more):
    return SimpleNamespace(devices=(), targets=(), apart=(), limits=SimpleNamespace(login_s=0), **more)


def settings(way):
    target = settling.Target(
        device="a", wanted=SimpleNamespace(), changes=(SimpleNamespace(last=False, kind="attribute", name="x"),)
    )
    return settling.submit_settings(settling.SettlingOrder(site="s", targets=(target,), part="first"), way, jobs=1)


@pytest.mark.parametrize("begin", [
    lambda way: switches.submit(order(), way, jobs=1),
    lambda way: installs.submit(order(), way, jobs=1),
    lambda way: bmcs.submit(order(), way, jobs=1),
    lambda way: hosts.submit(HostOrder(site="s", intent="i", hosts=(), waves=()), way, jobs=1, program=SimpleNamespace()),
    lambda way: bare.submit(order(), way, jobs=1),
    settings,
    lambda way: bmcs.resume("r", way),
])  # fmt: skip
def test_a_run_is_begun_where_the_way_says(monkeypatch, tmp_path, begin):
    """One that forgot it would be refused beside a bring-up there, or not be seen by it."""

    def opened(_state, *, database, **_):
        raise OpenedError(database)

    monkeypatch.setattr(runs, "opened", opened)
    monkeypatch.setattr(settling, "_hidden", lambda *_: ())
    way = SimpleNamespace(
        state=tmp_path, clock=None, twin=False, database=ASIDE, resolvers=(), connect=None, bmc=None, beside=None
    )
    with pytest.raises(OpenedError, match=ASIDE):
        begin(way)


@pytest.mark.parametrize("kind", [switches, bmcs, hosts])
def test_one_that_was_cut_off_is_looked_for_there(monkeypatch, tmp_path, kind):
    """And not in the site's own journal."""
    asked = []
    monkeypatch.setattr(runs, "cut_off", lambda _state, _name, *, database: asked.append(database))
    kind.interrupted(tmp_path, ASIDE)
    assert asked == [ASIDE]
