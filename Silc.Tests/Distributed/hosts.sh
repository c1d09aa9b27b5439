#!/bin/bash
# hosts.sh up|down: the hosts h1 and h2, network namespaces on a bridge with names of their own. As root.
set -e
if [ "$1" = up ]; then
    ip link add silcdist type bridge
    ip addr add 10.77.0.254/24 dev silcdist
    ip link set silcdist up
    for i in 1 2; do
        ip netns add silch$i
        ip link add silcd$i type veth peer name eth0 netns silch$i
        ip link set silcd$i master silcdist up
        ip -n silch$i addr add 10.77.0.$i/24 dev eth0
        ip -n silch$i link set eth0 up
        ip -n silch$i link set lo up
        mkdir -p /etc/netns/silch$i
        printf '127.0.0.1 localhost\n10.77.0.1 silch1\n10.77.0.2 silch2\n' > /etc/netns/silch$i/hosts
    done
else
    for i in 1 2; do
        ip netns del silch$i 2> /dev/null || true
        ip link del silcd$i 2> /dev/null || true
        rm -rf /etc/netns/silch$i
    done
    ip link del silcdist 2> /dev/null || true
fi
