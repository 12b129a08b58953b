"""What the tests of the wire to a BMC share."""

import pytest

from rackwright.drivers.trust import Trust
from tests.lone_api import Authority
from tests.lone_bmc import lone_bmc
from tests.unit.drivers.wired import RESOURCES


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def bmc(authority):
    with lone_bmc(authority.context(), resources=dict(RESOURCES)) as made:
        yield made


@pytest.fixture
def trust(authority, tmp_path):
    return Trust(tmp_path, ca=authority.path)
