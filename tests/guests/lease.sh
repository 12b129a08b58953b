#!/bin/sh
# What udhcpc runs: an address, and the way out.
[ "$1" = bound ] || exit 0
ip addr flush dev "$interface"
ip addr add "$ip/$mask" dev "$interface"
[ -z "$router" ] || ip route add default via "$router"
echo "guest: address $ip"
