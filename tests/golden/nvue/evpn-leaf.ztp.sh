#!/bin/bash
# CUMULUS-AUTOPROVISIONING
# First boot of fe01: bring it to Cumulus Linux 5.12.1, then apply its startup.yaml.
# What stands between two @ is filled in by 'rackwright serve', anew for each boot: run by hand, this stops.

NAME="fe01"
WANTED_NOS="5.12.1"
WANTED_SERIAL="MT2412X00001"
IMAGE="cumulus-linux-5.12.1-mlx-amd64.bin"
IMAGE_SHA256="@image_sha256@"
SERVER="@server@"
ADDRESS="@address@"
TOKEN="@token@"
CA="@ca@"
DONE=/var/lib/rackwright/provisioned
LOG=/var/log/autoprovision
say() {
  echo "ztp $NAME: $*"
}

fail() {
  trap - ERR
  say "ERROR: $*"
  [ ! -d "${WORK:-}" ] || report failed "$*"
  # A first boot that failed must be tried again, so ZTP may not take it for done.
  exit 1
}
# shellcheck disable=SC2317,SC2329  # the ERR trap calls it
failed_at() { fail "'$1' at line $2 gave an error; see $LOG"; }

# The management interface lives in a VRF; without it nothing answers.
in_mgmt() {
  if ip vrf show mgmt 2>&1 | grep -q '^mgmt' && [ "$(ip vrf identify $$)" != "mgmt" ]; then
    ip vrf exec mgmt "$@"
  else
    "$@"
  fi
}

# The server proves itself with the site's CA, whatever address it has; the token is no argument, which others may read.
ask() {
  printf 'Authorization: Bearer %s\n' "$TOKEN" | in_mgmt curl --fail --silent --show-error --noproxy '*' \
    --proto '=https' --retry 5 --retry-delay 5 --connect-timeout 10 --resolve "$ADDRESS" --cacert "$WORK/ca.pem" \
    --header @- --header "CUMULUS-SERIAL: ${SERIAL:-}" "$@"
}

report() {
  ask --output "$WORK/answer" --data-binary "$2" "$SERVER/devices/$NAME/$1" || say "the server was not told"
}

# NVUE may report an error and still exit 0, so what it says counts too.
nvue() {
  local said
  said=$(nv "$@") || fail "nv $* was refused: $said"
  echo "$said"
  case "$said" in
    *failed* | *"Invalid config"*) fail "nv $* did not do it: $said" ;;
  esac
}

umask 077
exec >> "$LOG" 2>&1
set -o errtrace
trap 'failed_at "$BASH_COMMAND" "$LINENO"' ERR
say "start"
if [ -r "$DONE" ] && [ "$(cat "$DONE")" = "$NAME $WANTED_NOS" ] && [ "$(hostname)" = "$NAME" ]; then
  say "was provisioned before, nothing to do"
  exit 0
fi
case "$TOKEN" in
  @*) fail "this copy was made for no boot: 'rackwright serve' sends the one that works" ;;
esac
WORK=$(mktemp -d /tmp/rackwright.XXXXXX)
trap 'rm -rf "$WORK"' EXIT
echo "$CA" > "$WORK/ca.pem"
SERIAL=$(decode-syseeprom -e)
if [ -n "$WANTED_SERIAL" ] && [ "$SERIAL" != "$WANTED_SERIAL" ]; then
  fail "this switch has serial number $SERIAL, $NAME is $WANTED_SERIAL: check cabling and nodes.csv"
fi

RUNNING_NOS=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9.]*\)"\{0,1\}$/\1/p' /etc/os-release)
if [ "$RUNNING_NOS" != "$WANTED_NOS" ]; then
  say "has $RUNNING_NOS, wants $WANTED_NOS: installing $IMAGE"
  ask --output "$WORK/$IMAGE" "$SERVER/images/$IMAGE"
  echo "$IMAGE_SHA256  $WORK/$IMAGE" | sha256sum --check --status || fail "$IMAGE is not what the server has"
  onie-install -fa -i "$WORK/$IMAGE"
  report installing "$RUNNING_NOS"
  trap - EXIT
  reboot
  exit 0
fi

ask --output "$WORK/breakouts.yaml" "$SERVER/devices/$NAME/breakouts.yaml"
tries=60
until nv show system hostname -o json; do
  [ $((tries -= 1)) -gt 0 ] || fail "NVUE does not answer"
  sleep 5
done
# NVUE refuses breakouts and the QoS of their ports in one apply (RN-3362113). Where it is cut off here, the token is good yet.
if [ -s "$WORK/breakouts.yaml" ]; then
  nv config detach || say "nothing was pending"
  nvue config patch "$WORK/breakouts.yaml"
  [ -z "$(nv config diff)" ] || nvue config apply -y
fi
ask --output "$WORK/startup.yaml" "$SERVER/devices/$NAME/startup.yaml"
nvue config replace "$WORK/startup.yaml"
nvue config apply -y

# The lease of the first boot would take the address away again when it ends (RN-4377862).
dhclient -r
ifreload -fa

mkdir -p "${DONE%/*}"
echo "$NAME $WANTED_NOS" > "$DONE"
report provisioned "$SERIAL"
say "done"
exit 0
