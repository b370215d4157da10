"""Tells weft the steps of a training loop. Copy this file beside your script.

    for i, batch in enumerate(loader):
        with weft_step("compute", step=i):
            loss = model(batch); loss.backward()
        with weft_step("communicate", step=i):
            all_reduce()

Job, rank and GPU come from the launcher's environment unless given. A mark that cannot be sent is lost, at no cost.
"""
import json, os, socket, time

PATH = os.environ.get("WEFT_STEP_SOCKET", "/run/weft/step.sock")
JOB = os.environ.get("WEFT_JOB") or os.environ.get("SLURM_JOB_ID") or os.environ.get("TORCHELASTIC_RUN_ID") or "job"
RANK = int(os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or os.environ.get("OMPI_COMM_WORLD_RANK") or 0)
GPU = os.environ.get("LOCAL_RANK") or os.environ.get("SLURM_LOCALID")
_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
_socket.setblocking(False)


class weft_step:
    """One phase of one step: "compute", "communicate", "wait", "io", or "" for the whole step."""

    def __init__(self, phase="", step=0, **more):
        self.mark = {"job": JOB, "rank": RANK, **({"gpu": int(GPU)} if GPU else {}), "step": step, "phase": phase, **more}

    def __enter__(self):
        self.mark["start_ns"] = time.time_ns()
        return self

    def __exit__(self, *_):
        self.mark["end_ns"] = time.time_ns()
        try:
            _socket.sendto(json.dumps(self.mark).encode(), PATH)
        except OSError:
            pass  # nobody listens, or its queue is full: training goes on
