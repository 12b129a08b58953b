#!/bin/sh
# The life of one node: its disk, and a machine that runs on it, warm and cold, until this process ends.
# usage: node.sh KIND PLACE BASE SIZE GROUP   KIND: systemd (a container that really boots) or ssh (sshd in a changed root)
# GROUP is the control group of the node: systemd calls those of its units alike in each, and takes them from who has the same one.
# It is the first process of a PID namespace, so that everything of the node ends with it. PLACE/off: the power is off;
# PLACE/cycle: when the machine ends, the power comes back; PLACE/seed: what is laid over the base.
set -eu
kind=$1 place=$2 base=$3 size=$4 group=$5
for tree in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  [ -e "$tree/cgroup.procs" ] || continue
  mkdir -p "$tree/$group"
  echo 0 > "$tree/$group/cgroup.procs"
done
mount --make-rprivate /
mount -t tmpfs -o "mode=755,size=$size" tmpfs "$place/disk"
mkdir "$place/disk/up" "$place/disk/work" "$place/disk/root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$place/disk/up,workdir=$place/disk/work" "$place/disk/root"
root=$place/disk/root
cp -a "$place/seed/." "$root/"
ip link set lo up
machine() {
  case $kind in
    systemd)
      exec systemd-nspawn --quiet --register=no --keep-unit --network-namespace-path=/proc/self/ns/net --timezone=off --resolv-conf=off \
        --link-journal=no --console=pipe --directory="$root" --boot ;;
    *) exec unshare --mount /bin/sh -e "$place/boot.sh" "$root" ;;
  esac
}
started=cold
while :; do
  while [ -e "$place/off" ]; do sleep 0.02; done
  echo "$started" > "$root/var/lib/lab/started"
  machine < /dev/null >> "$place/console" 2>&1 &
  code=0
  wait $! || code=$?
  if [ "$code" = 133 ] || [ -e "$root/var/lib/lab/rebooting" ]; then
    started=warm
  elif [ -e "$place/cycle" ]; then
    started=cold
    rm "$place/cycle"
  else
    started=cold
    : > "$place/off"
  fi
  rm -f "$root/var/lib/lab/rebooting"
done
