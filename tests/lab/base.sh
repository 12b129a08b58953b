#!/bin/sh
# Make the root that the nodes of the lab stand on: Debian called Ubuntu 24.04, with systemd, OpenSSH and python3-apt.
# usage: base.sh FOLDER       (as root; needs mmdebstrap; takes a minute and 230 MB)
set -eu
folder=$1
packages=systemd,systemd-sysv,dbus,openssh-server,sudo,iproute2,procps,kmod,gnupg,ca-certificates,python3-minimal,python3-apt,python3-debian,python3-venv
rm -rf "$folder.part"
mkdir -p "$(dirname "$folder")"
mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt='Apt::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  bookworm "$folder.part"
cd "$folder.part"
rm -f etc/apt/sources.list etc/apt/sources.list.d/* etc/os-release etc/motd etc/resolv.conf var/log/*.log
rm -rf var/lib/apt/lists/* var/cache/apt/*.bin var/cache/apt/archives/*.deb var/log/apt
cat > etc/os-release <<'RELEASE'
PRETTY_NAME="Ubuntu 24.04.2 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.2 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
RELEASE
cat > etc/lsb-release <<'RELEASE'
DISTRIB_ID=Ubuntu
DISTRIB_RELEASE=24.04
DISTRIB_CODENAME=noble
DISTRIB_DESCRIPTION="Ubuntu 24.04.2 LTS"
RELEASE
chroot . useradd --create-home --shell /bin/bash rackwright
chroot . usermod --password '*' rackwright  # open for keys: without PAM, sshd takes '!' for locked
echo 'rackwright ALL=(ALL) NOPASSWD: ALL' > etc/sudoers.d/rackwright
chmod 440 etc/sudoers.d/rackwright
mkdir -p root/.ssh home/rackwright/.ssh
chmod 700 root/.ssh home/rackwright/.ssh
cat > etc/ssh/sshd_config <<'CONFIG'
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM no
UseDNS no
PasswordAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
MaxStartups 100
MaxSessions 100
Subsystem sftp internal-sftp
CONFIG
rm -f etc/ssh/ssh_host_*
# What a boot would wait for, and what would work beside a test.
cd etc/systemd/system
for unit in systemd-firstboot.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  systemd-tmpfiles-clean.timer systemd-networkd.service systemd-resolved.service systemd-timesyncd.service getty.target console-getty.service \
  systemd-user-sessions.service systemd-update-utmp.service systemd-udevd.service; do
  ln -sf /dev/null "$unit"
done
mkdir -p multi-user.target.wants
cat > lab-boot.service <<'UNIT'
[Unit]
Description=The emulated hardware notices that it was started
DefaultDependencies=no
Before=basic.target
[Service]
Type=oneshot
ExecStart=/usr/lib/lab/boot
[Install]
WantedBy=sysinit.target
UNIT
mkdir -p sysinit.target.wants
ln -sf ../lab-boot.service sysinit.target.wants/lab-boot.service

mv "$folder.part" "$folder"
