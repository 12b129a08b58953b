#!/bin/sh
# Make the root of the guest: Debian with FRR 10, lldpd, OpenSSH, and a kernel that has VRF, bonds and VLAN filtering.
# usage: guest.sh FOLDER      (as root; needs mmdebstrap; takes half a minute and 600 MB)
# FOLDER/root is served to the guest read-only over 9p; FOLDER/initrd mounts it with a writable layer in memory.
set -eu
folder=$1
root=$folder/root
packages=frr,frr-pythontools,iproute2,iputils-ping,kmod,procps,busybox-static,python3-minimal,lldpd,openssh-server,linux-image-amd64
mkdir -p "$folder"
[ -x "$root/usr/lib/frr/bgpd" ] || {
  rm -rf "$root"
  mmdebstrap --quiet --variant=apt --include="$packages" --aptopt='Apt::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' trixie "$root"
}
kernel=$(basename "$root"/lib/modules/*)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/bin" "$tree/modules" "$tree/proc" "$tree/sys" "$tree/dev" "$tree/lower" "$tree/upper" "$tree/root"
cp "$root/bin/busybox" "$tree/bin/busybox"
# What the root filesystem needs, in the order of its dependencies.
: > "$tree/order"
for name in virtio_pci 9pnet_virtio 9p overlay; do
  chroot "$root" modprobe --set-version "$kernel" --show-depends "$name" | sed -n 's/^insmod //p'
done | awk '!seen[$1]++ {print $1}' | while read -r path; do
  file=$(basename "$path")
  case $file in
    *.xz) xz -dc "$root/$path" > "$tree/modules/${file%.xz}"; echo "${file%.xz}" >> "$tree/order" ;;
    *) cp "$root/$path" "$tree/modules/$file"; echo "$file" >> "$tree/order" ;;
  esac
done
cat > "$tree/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc; $b mount -t sysfs sys /sys; $b mount -t devtmpfs dev /dev
while read -r file; do $b insmod "/modules/$file"; done < /order
$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose rootfs /lower
$b mount -t tmpfs -o size=1g tmpfs /upper
$b mkdir -p /upper/data /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay /root
$b mount --move /dev /root/dev
$b umount /proc /sys
exec $b switch_root /root /bin/sh -c '
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /tmp
mkdir -p /dev/pts /run/agent /run/sshd /root/.ssh /run/frr /run/netns; mount -t devpts devpts /dev/pts
modprobe -a bridge 8021q bonding vrf vxlan veth macvlan virtio_net
key=$(sed "s/.*rackwright.key=//;s/ .*//" /proc/cmdline)
echo "ssh-ed25519 $key" > /root/.ssh/authorized_keys; chmod -R go= /root
ip link set lo up; nic=$(ls /sys/class/net | grep -E "^(eth|en)" | head -1)
ip addr add 10.0.2.15/24 dev "$nic"; ip link set "$nic" up; hostname guest
[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
echo "guest ready $(cut -d" " -f1 /proc/uptime) $(cut -d" " -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)"
exec /usr/sbin/sshd -D -o UsePAM=no -o PermitRootLogin=prohibit-password -o UseDNS=no -o MaxSessions=200 -o MaxStartups=100
'
INIT
chmod +x "$tree/init"
(cd "$tree" && find . | "$root/bin/busybox" cpio -o -H newc 2>/dev/null | gzip -1) > "$folder/initrd.part"
mv "$folder/initrd.part" "$folder/initrd"
ln -sf "root/boot/vmlinuz-$kernel" "$folder/vmlinuz"
