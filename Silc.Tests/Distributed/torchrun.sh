#!/bin/bash
# In place of torchrun: torchrun.sh --no_python --nproc_per_node N COMMAND... sets what it sets for each process, whose store the launcher keeps.
shift
if [ "$1" = --nproc_per_node ]; then ranks=$2; fi
shift 2
export WORLD_SIZE=$ranks LOCAL_WORLD_SIZE=$ranks GROUP_RANK=0 GROUP_WORLD_SIZE=1 MASTER_ADDR=127.0.0.1 MASTER_PORT=$((20000 + $$ % 10000))
export TORCHELASTIC_RUN_ID=none TORCHELASTIC_RESTART_COUNT=0 TORCHELASTIC_MAX_RESTARTS=0 TORCHELASTIC_USE_AGENT_STORE=True
children=()
for ((rank = 0; rank < ranks; rank++)); do
    RANK=$rank LOCAL_RANK=$rank "$@" &
    children+=($!)
done
code=0
for child in "${children[@]}"; do wait "$child" || code=$?; done
exit "$code"
