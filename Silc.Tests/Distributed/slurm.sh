#!/bin/bash
# slurm.sh up|down FOLDER: Slurm on this machine alone, with all its files in a folder; SLURM_CONF is FOLDER/slurm.conf then. As root.
folder=$2
if [ "$1" = up ]; then
    set -e
    host=$(hostname -s)
    mkdir -p "$folder/state" "$folder/spool"
    head -c 1024 /dev/urandom > "$folder/key"
    chmod 400 "$folder/key"
    cat > "$folder/slurm.conf" << END
ClusterName=silc
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
KillWait=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
    export SLURM_CONF=$folder/slurm.conf
    munged --force --key-file="$folder/key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" \
        --seed-file="$folder/munged.seed"
    slurmctld -f "$SLURM_CONF"
    slurmd -f "$SLURM_CONF"
    for ((i = 0; i < 300; i++)); do
        if [ "$(sinfo -h -o %T 2> /dev/null)" = idle ]; then exit 0; fi
        sleep 0.1
    done
    tail -n 5 "$folder"/*.log >&2
    exit 1
else
    pids=$(cat "$folder"/*.pid 2> /dev/null)
    for pid in $pids; do kill "$pid"; done
    # Until they write nothing more into the folder; one that nobody waits for stays as a zombie.
    for ((i = 0; i < 100; i++)); do
        left=0
        for pid in $pids; do
            state=$(ps -o stat= -p "$pid")
            if [ -n "$state" ] && [ "${state:0:1}" != Z ]; then left=1; fi
        done
        if [ $left = 0 ]; then exit 0; fi
        sleep 0.1
    done
fi
