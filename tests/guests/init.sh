#!/bin/busybox sh
# The stand-in for an installer: it finds its seed by its service tag, as cloud-init's NoCloud does, and reports as curtin does.
/bin/busybox mkdir -p /bin /proc /sys /dev /tmp
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1
while read -r file; do insmod "/modules/$file"; done < /order
serial=$(cat /sys/class/dmi/id/product_serial)
echo "guest: service tag $serial, $(cat /proc/cmdline)"
ip link set lo up; ip link set eth0 up
udhcpc -i eth0 -s /lease -n -q -f -t 20 -T 1 || { echo "guest: no lease"; poweroff -f; }
grep -q autoinstall /proc/cmdline || echo "guest: asks yes or no, and waits for ever"
seed=$(sed -n 's/.*ds=nocloud;s=\([^ ]*\).*/\1/p' /proc/cmdline | sed "s/__dmi.system-serial-number__/$serial/")
echo "guest: seed $seed"
cd /tmp
for name in meta-data user-data vendor-data; do
  wget -q -O "$name" "$seed$name" || { echo "guest: no $name at $seed"; [ "$name" = vendor-data ] || poweroff -f; }
done
grep -q instance-id meta-data || { echo "guest: meta-data without an instance-id"; poweroff -f; }
endpoint=$(sed -n 's/.*endpoint: *"\{0,1\}\([^ ,"}]*\).*/\1/p' user-data | head -n 1)
echo "guest: endpoint $endpoint"
report() { # name, event type, description, result
  wget -q -O /dev/null --header 'Content-Type: application/json' --post-data \
    "{\"name\": \"$1\", \"event_type\": \"$2\", \"description\": \"$3\", \"origin\": \"curtin\", \"timestamp\": $(date +%s), \"level\": \"INFO\"${4:+, \"result\": \"$4\"}}" \
    "$endpoint" || echo "guest: report $1 was lost"
}
report subiquity/Early/run start ""
report subiquity/Early/run finish "" SUCCESS
report subiquity/Install/install start "installing $serial"
report subiquity/Install/install finish "" SUCCESS
report subiquity/Shutdown/shutdown start mode=REBOOT
report subiquity/Shutdown/shutdown finish mode=REBOOT SUCCESS
echo "guest: done"
poweroff -f
