#!/bin/bash
# CUMULUS-AUTOPROVISIONING
# First boot of fe01: bring it to Cumulus Linux 5.12.1, then apply its startup.yaml.
# Where to fetch from: RACKWRIGHT_URL, or else the URL that this script itself came from.

NAME="fe01"
WANTED_NOS="5.12.1"
WANTED_SERIAL="MT2412X00001"
IMAGE="cumulus-linux-5.12.1-mlx-amd64.bin"
LOG=/var/log/autoprovision

say() {
  echo "ztp $NAME: $*"
}

fail() {
  say "ERROR: $*"
  # A first boot that failed must be tried again, so ZTP may not take it for done.
  exit 1
}

# shellcheck disable=SC2317,SC2329  # the ERR trap calls it
failed_at() {
  fail "'$1' at line $2 gave an error; see $LOG"
}

# The management interface lives in a VRF; without it nothing answers.
in_mgmt() {
  if ip vrf show mgmt 2>&1 | grep -q '^mgmt' && [ "$(ip vrf identify $$)" != "mgmt" ]; then
    ip vrf exec mgmt "$@"
  else
    "$@"
  fi
}

own_url() {
  if [ -n "${RACKWRIGHT_URL:-}" ]; then
    echo "$RACKWRIGHT_URL"
  elif [ -r /var/run/ztp.dhcp ]; then
    grep -E -o 'https?://[^"[:space:]]+' /var/run/ztp.dhcp | tail -n 1 || true
  fi
}

fetch() {
  # The server tells switches apart as it did for this script: by the headers that ZTP sends.
  in_mgmt curl --fail --silent --show-error --retry 5 --retry-delay 5 --connect-timeout 10 \
    --header "CUMULUS-SERIAL: $SERIAL" --output "$2" "$1"
}

wait_for_nvue() {
  local tries=60
  while ! nv show system hostname -o json; do
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then
      fail "NVUE does not answer"
    fi
    sleep 5
  done
}

# NVUE may report an error and still exit 0, so what it says counts too.
nvue() {
  local said
  said=$(nv "$@") || fail "nv $* was refused: $said"
  echo "$said"
  case "$said" in
    *failed* | *"Invalid config"*) fail "nv $* did not do it" ;;
  esac
}

exec >> "$LOG" 2>&1
set -o errtrace
trap 'failed_at "$BASH_COMMAND" "$LINENO"' ERR
umask 077
say "start"

SERIAL=$(decode-syseeprom -e)
if [ -n "$WANTED_SERIAL" ] && [ "$SERIAL" != "$WANTED_SERIAL" ]; then
  fail "this switch has serial number $SERIAL, $NAME is $WANTED_SERIAL: check cabling and nodes.csv"
fi

URL=$(own_url)
if [ -z "$URL" ]; then
  fail "no server: set RACKWRIGHT_URL or DHCP option 239"
fi
BASE="${URL%/*}"
SERVER=$(echo "$URL" | cut -d / -f 1-3)

RUNNING_NOS=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9.]*\)"\{0,1\}$/\1/p' /etc/os-release)
if [ "$RUNNING_NOS" != "$WANTED_NOS" ]; then
  say "has $RUNNING_NOS, wants $WANTED_NOS: installing $IMAGE"
  in_mgmt onie-install -fa -i "$SERVER/images/$IMAGE"
  say "rebooting into the installer"
  reboot
  exit 0
fi

STARTUP=$(mktemp /tmp/startup.XXXXXX)
trap 'rm -f "$STARTUP"' EXIT
fetch "$BASE/startup.yaml" "$STARTUP"

wait_for_nvue
nvue config replace "$STARTUP"
nvue config apply -y

# The lease of the first boot would take the address away again when it ends (RN-4377862).
dhclient -r
ifreload -fa

say "done"
exit 0
