"""Thresholds and version facts of hosts held against the material beside the checkout, of which nothing is copied."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from rackwright import catalog as catalogs
from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.compare import holds
from rackwright.audit.hosts.limits import limit


@pytest.fixture(scope="module")
def given(shared) -> dict[str, Any]:
    """Return the thresholds that are beside the checkout."""
    return yaml.safe_load(shared("data", "host", "acceptance-thresholds.yml").read_text(encoding="utf-8"))


def test_benchmarks_are_held_to_the_figures_that_were_found(given: dict[str, Any]) -> None:
    """A threshold of the catalog is not the one of its source, or is not found for its GPU."""
    catalog = catalogs.load()
    nccl = given["nccl_allreduce_intranode_8gpu_busbw_GBps"]
    for gpu in ("h200", "h100"):
        row = limit(catalog, "nccl-all-reduce", gpu=f"{gpu}-sxm", nodes=1, ranks=8, size_bytes=16 << 30)
        assert row is not None
        assert row.least == nccl[gpu]["min"]
        assert limit(catalog, "nccl-all-reduce", gpu=f"{gpu}-sxm", nodes=1, ranks=8, size_bytes=8 << 30) is None
    write = {
        gpu: limit(catalog, "rdma-write", gpu=f"{gpu}-sxm", gbps=given["link_speed_gbps"]["rail"])
        for gpu in ("h200", "h100")
    }
    assert [row and row.least for row in write.values()] == [
        given["ib_write_bw_gdr_gbps"]["min"],
        given["ib_write_bw_gdr_gbps"]["min_h100"],
    ]
    copies = given["gpu_bw_GBps"]
    host, peer = (limit(catalog, measure, gpu="h200-sxm") for measure in ("nvbandwidth-host", "nvbandwidth-peer"))
    assert (host and host.least, peer and peer.least) == (copies["h2d_d2h"], copies["p2p"])


def test_what_one_report_says_is_no_limit(given: dict[str, Any]) -> None:
    """The figure of a single report fails a host, or is above what was reported."""
    row = limit(catalogs.load(), "nccl-all-reduce", gpu="h200-sxm", nodes=2, ranks=16, size_bytes=16 << 30)
    assert row is not None
    assert row.severity == "warning"
    assert row.least is not None
    assert row.least <= given["nccl_allreduce_2node_8x400G_busbw_GBps"]["expected"]


def test_versions_are_read_as_they_are_printed(given: dict[str, Any]) -> None:
    """What a tool prints for a validated version is not read, or not taken for it."""
    catalog = catalogs.load()
    pinned = {row.key: row for row in catalog.releases["dell-nvidia-1.3"].components}
    for key, component, text in (
        ("ofed", "ofed", f"{given['ofed_info_s']['equals']}\n"),
        ("gpu-driver", "gpu-driver", f"{given['nvidia_driver']['equals']}\n"),
        ("bluefield-firmware", "bluefield-firmware", f"FW Version:            {given['bf3_fw']['equals']}\n"),
    ):
        fact, row = catalog.facts[key], pinned[component]
        found = getattr(parsers, fact.parser)(text)
        assert found is not None
        assert row.version is not None
        assert holds(fact.compare, found, (row.version, *row.equal))
    assert catalog.servers["xe9680"].gpu_count == given["gpu_count"]["xe9680"]
