"""What holds of the changesets of switches, BMCs and hosts alike: each is of its own kind, and speaks for what was read only."""

import msgspec
import pytest

from rackwright.errors import DocumentError, StalePlan
from rackwright.push import changeset as switches
from rackwright.push.bmc import changeset as bmcs
from rackwright.push.hosts import changeset as hosts
from rackwright.push.kept import Unread

KINDS = {"switches": switches, "BMCs": bmcs, "hosts": hosts}
DARK = (Unread("dark01", "no route"),)


def empty(kind, **more):
    return kind.Changeset(**{"site": "lab", "intent": "1", **more})


def of_one(kind, name):
    """Return a changeset in which one device was read, its changes left out."""
    value = type("Read", (), {"device": name})()
    listed = {"switches": "devices", "BMCs": "servers", "hosts": "hosts"}
    word = next(listed[word] for word, one in KINDS.items() if one is kind)
    return msgspec.structs.replace(empty(kind), **{word: (value,)})


@pytest.mark.parametrize("read", KINDS)
@pytest.mark.parametrize("written", KINDS)
def test_one_kind_is_not_taken_for_another(read, written, tmp_path):
    """A changeset of BMCs, pushed to switches, would say nothing of any of them; it is refused with how to get the right one."""
    path = tmp_path / "changes.json"
    path.write_bytes(empty(KINDS[written], unread=DARK).encoded())
    if read == written:
        assert KINDS[read].load(path) == empty(KINDS[read], unread=DARK)
        return
    with pytest.raises(
        DocumentError, match=f"is no changeset of {read} of this version .* look again with 'rackwright diff"
    ):
        KINDS[read].load(path)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_was_not_read_was_not_reviewed(kind):
    """A device that could not be read when the changeset was made is not changed by it now that it can be."""
    kept = empty(kind, unread=DARK)
    kind.refuse_stale(kept, kept)
    with pytest.raises(StalePlan, match="says nothing of dark01, which was not read then; look again"):
        kind.refuse_stale(kept, of_one(kind, "dark01"))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_another_site_and_another_intent_are_refused(kind):
    """The site and the intent of today are those of the changeset."""
    with pytest.raises(StalePlan, match="of the site 'lab', this is 'other'"):
        kind.refuse_stale(empty(kind), empty(kind, site="other"))
    with pytest.raises(StalePlan, match="the intent has changed"):
        kind.refuse_stale(empty(kind), empty(kind, intent="2"))
