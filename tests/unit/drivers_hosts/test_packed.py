"""Packed modules that plays share: which ones, for whom, and what is in them."""

import base64
import io
import re
import sys
import zipfile

import pytest

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts import packed, places
from rackwright.drivers.hosts.model import Play, Target
from rackwright.drivers.hosts.playing import play
from rackwright.drivers.login import Login
from rackwright.secrets import Secret

MODULE = """\
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.voice import VOICE
module = AnsibleModule(argument_spec={"word": {"no_log": True}})
module.exit_json(changed=True, diff={"prepared": VOICE + " HERE"})
"""
TASKS = """\
- name: Say it
  hello: {word: "{{ lookup('ansible.builtin.file', rackwright_secrets ~ '/word') }}"}
- name: Write it
  ansible.builtin.copy: {content: "argument-canary", dest: "{{ out }}/written", mode: "0600"}
"""


def books(folder, here):
    """Write a playbook whose module ``hello`` says where it is from."""
    for name, text in {
        "site.yml": "- hosts: all\n  gather_facts: false\n  roles: [{role: step, tags: [step]}]\n",
        "roles/step/tasks/main.yml": TASKS,
        "library/hello.py": MODULE.replace("HERE", here),
        "module_utils/voice.py": "VOICE = 'says'\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "site.yml"


def said(book, out, heard=None):
    """Play it on this machine, and return what ``hello`` said."""
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "out": str(out)}
    target = Target(Endpoint(device="one", host="127.0.0.1"), ("step",), variables)
    told = Play(book, (target,), secrets={"word": Secret("hunter2-canary")})
    done = play(told, login=Login(), known_hosts=out / "none", heard=heard)
    assert done.status == "successful", done
    # A plugin that cannot be loaded is a warning.
    assert "WARNING" not in done.said
    return done.hosts["one"].changes[0].difference


def contents(path):
    """Return what a packed module is made of, and the file itself."""
    data = path.read_bytes()
    longest = max(re.findall(rb"[A-Za-z0-9+/=]+", data), key=len)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(longest))) as whole:
        return b"".join(whole.read(name) for name in whole.namelist()) + data


def test_plays_of_one_playbook_share_what_is_packed_and_no_module_is_taken_for_another(tmp_path):
    """The second play uses the first one's modules; another playbook, or one that was edited, its own; no argument is in them."""
    one, other = books(tmp_path / "one", "one"), books(tmp_path / "other", "other")
    assert said(one, tmp_path) == "says one"
    kept = packed.where(one)
    first = {path.name: path.stat().st_ino for path in kept.iterdir()}
    assert {name.partition("-")[0].rpartition(".")[2] for name in first} >= {"hello", "copy"}
    assert kept.stat().st_mode & 0o077 == kept.parent.stat().st_mode & 0o077 == 0
    whole = b"".join(contents(path) for path in kept.iterdir())
    assert b"class AnsibleModule" in whole
    assert not [word for word in (b"hunter2-canary", b"argument-canary", str(tmp_path).encode()) if word in whole]

    shared = set()
    assert said(one, tmp_path, lambda _: shared.update(path.stat().st_nlink for path in kept.iterdir())) == "says one"
    assert min(shared) > 1
    assert {path.name: path.stat().st_ino for path in kept.iterdir()} == first
    assert said(other, tmp_path) == "says other"
    (tmp_path / "one" / "module_utils" / "voice.py").write_text("VOICE = 'shouts'\n")
    assert said(one, tmp_path) == "shouts one"


@pytest.mark.parametrize("odd", ["roles/step/library/a.py", "roles/step/module_utils/a.py", "library/copy.py"])
def test_where_a_name_may_mean_two_modules_nothing_is_shared(tmp_path, odd):
    """Roles bring modules, or the playbook has one of Ansible's: ansible-core 2.18 has one name for the two."""
    book = books(tmp_path, "one")
    assert packed.where(book) is not None
    (tmp_path / odd).parent.mkdir(exist_ok=True)
    (tmp_path / odd).touch()
    assert packed.where(book) is None
    packed.lend(None, tmp_path / "packed")
    packed.keep(tmp_path / "packed", None)
    assert not list((tmp_path / "packed").iterdir())


def test_only_whole_modules_are_kept(tmp_path):
    """Half-written files, locks, modules of collections and with a debugger stay behind; a kept one is not written over; no room is no failure."""
    kept, made = tmp_path / "kept", tmp_path / "made"
    kept.mkdir()
    name = "ansible.modules.stat-ZIP_DEFLATED"
    (kept / name).write_text("first")
    packed.lend(kept, made)
    assert (made / name).samefile(kept / name)
    (made / name).unlink()
    for odd in (
        name, f"{name}-none", f"{name}-none-part", f"{name}-part", f"{name}-none.lock", f"{name}-pydevd",
        "ansible_collections.a.b.plugins.modules.c-ZIP_DEFLATED-none",
    ):  # fmt: skip
        (made / odd).write_text("second")
    packed.keep(made, kept)
    assert {path.name: path.read_text() for path in kept.iterdir()} == {name: "first", f"{name}-none": "second"}
    packed.keep(made, tmp_path / "gone")


def test_the_folder_of_a_process_is_swept_like_a_plays(tmp_path):
    """It lies with the private folders, and its process holds its lock."""
    place = packed.where(books(tmp_path, "one")).parent
    assert place.parent == places.base()
    places.sweep()
    assert place.is_dir()
