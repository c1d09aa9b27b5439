#!/bin/bash
# In place of ssh: rsh.sh [options] HOST COMMAND...
while [[ "$1" == -* ]]; do case "$1" in -l | -p | -o) shift 2 ;; *) shift ;; esac; done
host=$1
shift
exec ip netns exec "$host" unshare --uts sh -c "hostname $host; cd /; $*"
