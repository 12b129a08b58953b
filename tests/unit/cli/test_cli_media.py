"""The media that ``rackwright serve`` makes: one seed a host with the address that its installer reports to."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace

import click
import pycdlib
import pytest
import yaml

from rackwright.cli.media import Discs, url
from rackwright.drivers.hosts.installs import Installs
from rackwright.serve.process import Door
from rackwright.serve.seeds import Seed
from tests.installs import install

CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.fixture
def discs(tmp_path):
    """Return a function that makes the discs of two hosts and of nobody else; what is said goes nowhere."""

    def make(folder):
        installs = Installs(tmp_path / "installs")
        seeds = {name: Seed(install(name)) for name in ("gpu01", "gpu02", "gpu03")}
        for name in ("gpu01", "gpu02"):
            installs.arm(name)
        served = SimpleNamespace(seeds=seeds, addresses=("10.10.0.5",))
        talk = SimpleNamespace(say=lambda _: None)
        return Discs(talk, folder, served, frozenset({"gpu01", "gpu02"}), installs, CA), installs

    return make


def test_a_medium_holds_the_seed_of_one_installation(discs, tmp_path):
    """Each host that is to be installed gets an ISO whose reports go to this server over TLS, with the token of its own attempt."""
    made, installs = discs(tmp_path / "media")
    made.seeds(Door("0.0.0.0", 8443))
    assert sorted(path.name for path in (tmp_path / "media").iterdir()) == ["gpu01-seed.iso", "gpu02-seed.iso"]
    for name in ("gpu01", "gpu02"):
        image, text = pycdlib.PyCdlib(), BytesIO()
        image.open(str(tmp_path / "media" / f"{name}-seed.iso"))
        image.get_file_from_iso_fp(text, joliet_path="/user-data")
        image.close()
        found = yaml.safe_load(text.getvalue())
        endpoint = found["autoinstall"]["reporting"]["rackwright"]["endpoint"]
        assert endpoint == f"https://10.10.0.5:8443/progress/{installs.token(name)}"
        assert found["ca_certs"] == {"trusted": [CA]}


def test_without_a_folder_nothing_is_written(discs, tmp_path):
    """No medium is wanted: none is made, and a stock ISO has nowhere to go."""
    made, _ = discs(None)
    made.seeds(Door("10.10.0.5", 8443))
    made.stock(None, None)
    with pytest.raises(click.UsageError, match="--stock is written anew into the folder of --media"):
        made.stock(tmp_path / "stock.iso", None)


def test_a_medium_names_an_address_that_is_reached():
    """A door that listens on one address is known by it, one on all by the site's; where there is none, it is asked for."""
    assert url("http", Door("10.20.0.5", 80), ()) == "http://10.20.0.5:80"
    assert url("https", Door("0.0.0.0", 8443), ("10.10.0.5",)) == "https://10.10.0.5:8443"
    with pytest.raises(click.UsageError, match=r"give services\.bootstrap in the site, or --listen"):
        url("https", Door("::", 8443), ())


def test_a_host_that_boots_from_a_medium_is_watched_from_its_first_word(discs):
    """Nobody asked this server for its user-data, so its first report says that an installer is at work."""
    from rackwright.drivers.hosts.progress import read_event

    _, installs = discs(None)
    word = read_event(
        b'{"name": "subiquity/Early/run", "event_type": "start", "origin": "curtin", "timestamp": 1.0, "description": ""}'
    )
    assert installs.attempt("gpu01").stage == "armed"
    assert installs.hear(installs.token("gpu01"), word).stage == "given"
    assert installs.attempt("gpu01").stage == "given"
