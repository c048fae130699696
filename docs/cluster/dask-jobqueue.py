"""Many scenarios on the queue of a cluster, by dask-jobqueue: python dask-jobqueue.py results.zarr scenarios/*.yaml.

The workers are jobs of the queue, started as they are needed. Jobs that meet their time limit are replaced, and what
they were at is done again by another. `SLURMCluster` has siblings for PBS, LSF, SGE, HTCondor and others.
"""

import sys

from dask_jobqueue import SLURMCluster

import simulator as sim

WORKERS = 20


def main(store: str, scenarios: list[str]) -> int:
    """Run the scenarios that are not in the store yet; return the exit code."""
    with SLURMCluster(cores=1, processes=1, memory="2GB", walltime="02:00:00") as cluster:
        cluster.scale(jobs=WORKERS)
        cluster.wait_for_workers(1)
        report = sim.run_job(
            scenarios, store, backend="dask", scheduler=cluster.scheduler_address, checkpoint=f"{store}.unfinished"
        )
    print(f"{report.done} run, {report.there} were there, {len(report.failed)} failed")
    for name, fault in report.failed.items():
        print(f"failed: {name}: {fault}", file=sys.stderr)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
