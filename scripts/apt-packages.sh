#!/bin/sh
# Install the Debian packages that the tests use beside Python. None is needed to run rackwright.
#   chromium                   reads the design document (tests/journeys/test_design_document.py)
#   fonts-dejavu-core          the typeface that its widths are judged in
#   dnsmasq-base kea-dhcp4-server bind9-utils netplan.io
#                              judge what we write for them (tests/journeys/test_foreign_tools.py)
#   postgresql                 the journal of runs where several workers share it (tests/unit/runs/test_postgres.py)
#   openssh-client curl        talk to the emulated switches (tests/twins)
#   frr frr-pythontools lldpd openssh-server nftables iproute2 iputils-ping procps
#                              are the switches of the real data plane (tests/twins/test_dataplane_*.py)
#   mmdebstrap qemu-system-x86 xz-utils
#                              make and run the guest whose kernel has what this one may lack (as above)
#   busybox-static udhcpc xxd  a switch that boots for the first time (tests/journeys/test_ztp.py)
#   shellcheck                 judges the first-boot script (tests/unit/render/test_ztp_script.py)
#   ovmf systemd-boot-efi ipxe binutils mtools dosfstools xorriso
#                              (with qemu-system-x86) boot hosts over firmware (tests/journeys/test_netboot.py)
#   systemd-container apt-utils dpkg-dev gnupg openssh-client
#                              (with mmdebstrap) make the hosts that the playbooks run on, and their packages (tests/lab)
#   cloud-init xorriso         judge the seeds of hosts, and read back and remaster ISOs (tests/contract/test_autoinstall.py)
# `scripts/apt-packages.sh --list` prints the names only.
set -eu
packages="chromium fonts-dejavu-core dnsmasq-base kea-dhcp4-server bind9-utils netplan.io openssh-client curl postgresql shellcheck busybox-static udhcpc xxd"
packages="$packages frr frr-pythontools lldpd openssh-server nftables iproute2 iputils-ping procps mmdebstrap qemu-system-x86 xz-utils"
packages="$packages cloud-init xorriso systemd-container apt-utils dpkg-dev gnupg"
packages="$packages ovmf systemd-boot-efi ipxe binutils mtools dosfstools"
if [ "${1:-}" = --list ]; then
  echo "$packages"
  exit 0
fi
missing=""
for package in $packages; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
apt-get update -qq
# shellcheck disable=SC2086 # a list of words is meant
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
