"""Secrets are named, found late, and shown to nobody."""

import pickle

import pytest

from rackwright import secrets
from rackwright.errors import SecretUnresolved
from rackwright.secrets import Environment, Folder, Secret, SecretRef

CANARY = "correct-horse-battery"


@pytest.mark.parametrize(
    ("written", "ref"),
    [
        ("secret:switch_hash", SecretRef("switch_hash")),
        ("secret:file/bmc", SecretRef("bmc", "file")),
        ({"secret": "bmc"}, SecretRef("bmc")),
        ({"secret": "vault/bmc"}, SecretRef("bmc", "vault")),
    ],
)
def test_both_written_forms_are_read(written, ref):
    """The operator's text and the kept mapping name the same reference."""
    assert secrets.parse(written) == ref
    assert secrets.parse(ref.mapping()) == secrets.parse(str(ref)) == ref


@pytest.mark.parametrize("written", [CANARY, "secret:", f"secret:{CANARY} !", {"secret": ""}, {"a": 1}, None, 7])
def test_what_is_no_reference_is_refused_without_repeating_it(written):
    """A value where a reference belongs is refused, and the message does not show it."""
    with pytest.raises(SecretUnresolved, match="write secret:NAME") as caught:
        secrets.parse(written)
    assert CANARY not in str(caught.value)


def test_an_unknown_store_is_named_with_those_that_exist():
    """A store that is none is refused with the list of stores."""
    with pytest.raises(SecretUnresolved, match="no store is called 'cloud': use one of env, file, keyring, vault"):
        secrets.parse("secret:cloud/bmc")


def test_every_reference_of_a_tree_is_found():
    """References hide in mappings and lists, in both forms."""
    tree = {"user": {"cumulus": {"hashed-password": {"secret": "switch_hash"}}}, "keys": ["secret:bmc", "plain"]}
    assert [str(ref) for ref in secrets.references(tree)] == ["secret:switch_hash", "secret:bmc"]


def test_the_environment_is_asked_by_a_name_that_a_shell_can_set():
    """A secret's variable is the name in capitals behind RACKWRIGHT_SECRET_."""
    found = secrets.resolve(SecretRef("switch-hash"), [Environment({"RACKWRIGHT_SECRET_SWITCH_HASH": CANARY})])
    assert found.reveal() == CANARY


def test_a_file_of_the_owner_alone_is_read(tmp_path):
    """A secret file of mode 0600 gives its text without the last newline."""
    path = tmp_path / "bmc"
    path.write_text(CANARY + "\n")
    path.chmod(0o600)
    assert secrets.resolve(SecretRef("bmc"), [Environment({}), Folder(tmp_path)]).reveal() == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path, mode):
    """A secret file with any right for others is refused with the command that mends it."""
    path = tmp_path / "bmc"
    path.write_text(CANARY)
    path.chmod(mode)
    with pytest.raises(SecretUnresolved, match=r"chmod 600"):
        Folder(tmp_path).find("bmc")


def test_a_file_that_is_no_text_does_not_leak_through_its_error(tmp_path):
    """Neither the message nor the cause of a decoding error quotes the bytes."""
    path = tmp_path / "bmc"
    path.write_bytes(CANARY.encode() + b"\xff")
    path.chmod(0o600)
    with pytest.raises(SecretUnresolved, match="cannot be read") as caught:
        Folder(tmp_path).find("bmc")
    assert caught.value.__suppress_context__
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("store", ["keyring", "vault"])
def test_a_store_that_is_not_served_says_so(store):
    """A reference to a store of a later issue is refused in words, not taken for missing."""
    with pytest.raises(SecretUnresolved, match=f"the store '{store}' is not served yet"):
        secrets.resolve(SecretRef("bmc", store), [Environment({"RACKWRIGHT_SECRET_BMC": CANARY})])


def test_a_named_store_is_the_only_one_asked():
    """secret:file/bmc is not answered by the environment."""
    with pytest.raises(SecretUnresolved, match="set RACKWRIGHT_SECRET_BMC"):
        secrets.resolve(SecretRef("bmc", "file"), [Environment({"RACKWRIGHT_SECRET_BMC": CANARY})])


def test_a_secret_shows_itself_in_no_text():
    """Printing, formatting and pickling a secret give nothing away."""
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {[secret]} {secret!s}"
    with pytest.raises(TypeError, match="never written down"):
        pickle.dumps(secret)


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_an_empty_secret_is_none(tmp_path, value):
    """A variable that was left empty gave accounts an empty password."""
    with pytest.raises(SecretUnresolved, match="RACKWRIGHT_SECRET_BMC is set and empty"):
        secrets.resolve(SecretRef("bmc"), [Environment({"RACKWRIGHT_SECRET_BMC": value})])
    (tmp_path / "bmc").write_text(value)
    (tmp_path / "bmc").chmod(0o600)
    with pytest.raises(SecretUnresolved, match="bmc is empty"):
        Folder(tmp_path).find("bmc")


@pytest.mark.parametrize("value", ["$6$salt$hash/of.it", "$y$j9T$salt$hash", "!$6$salt$hash", "*", "!"])
def test_what_crypt_makes_is_a_hash(value):
    """A hash of another kind than ours, or an account without a password on purpose, is refused."""
    ref = SecretRef("h")
    tree = {"cumulus": {"hashed-password": ref.mapping()}, "other": [{"key": ref.mapping()}]}
    assert (
        secrets.resolve_tree(tree, [Environment({"RACKWRIGHT_SECRET_H": value})])["cumulus"]["hashed-password"] == value
    )


@pytest.mark.parametrize("value", [CANARY, "!" + CANARY, "$6$", "$6$a b", "$6$a:b", "$" + CANARY])
def test_a_password_where_its_hash_belongs_is_refused(value):
    """It went to the switch as the hash of its user, who could log in with nothing any more; the message shows it to nobody."""
    tree = [{"cumulus": {"hashed-password": {"secret": "h"}}}]
    with pytest.raises(SecretUnresolved, match="secret:h is no password hash") as caught:
        secrets.resolve_all(tree, [Environment({"RACKWRIGHT_SECRET_H": value})])
    assert CANARY not in str(caught.value)
    assert secrets.resolve_all([{"key": {"secret": "h"}}], [Environment({"RACKWRIGHT_SECRET_H": value})])
