# The start of a node that has no systemd; systemd-nspawn does the like for those that have it. usage: boot.sh ROOT
root=$1
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/run/sshd" "$root/run/lock"
cat /proc/sys/kernel/random/uuid > "$root/run/boot_id"
mount --bind "$root/run/boot_id" "$root/proc/sys/kernel/random/boot_id"
hostname "$(cat "$root/etc/hostname")"
chroot "$root" /usr/lib/lab/boot
exec chroot "$root" /usr/sbin/sshd -D -e
