#!/bin/bash
# One study in 64 shards on SLURM:   sbatch slurm-array.sh stress-test 100000000
# then, once all have ended well:    citysim merge parts/*.part --out result.nc
#SBATCH --job-name=citysim
#SBATCH --array=1-64
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@120
# Two minutes before the time limit SLURM asks to stop: what is done is kept, the run leaves with 75, and the task is put
# into the queue again, where it goes on.
set -u
scenario=$1
draws=$2
shards=${SLURM_ARRAY_TASK_COUNT}
number=${SLURM_ARRAY_TASK_ID}
mkdir -p parts logs

srun citysim run "$scenario" --draws "$draws" --seed 2025 --shard "$number/$shards" --out "parts/$number.part" \
  --resume --workers "$SLURM_CPUS_PER_TASK" --max-memory 3.5GB --log "logs/$number.jsonl" --quiet
code=$?

# 143: asked to stop before the run had begun
if [ "$code" -eq 75 ] || [ "$code" -eq 143 ]; then
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${number}"
  exit 0
fi
exit "$code"
