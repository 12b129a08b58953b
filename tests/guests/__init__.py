"""Machines that boot over firmware: media made here of Debian's kernel and busybox, in the place of an installer."""
