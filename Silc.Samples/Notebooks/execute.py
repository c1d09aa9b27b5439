#!/usr/bin/python3
"""Executes every notebook here with few steps, and interrupts one that trains: execute.py [OUTPUT_FOLDER].

Needs nbclient (Debian: python3-nbclient) and dotnet-interactive on PATH; dotnet build -c Release comes first.
"""
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent

# What a notebook has to have shown besides ending without an error.
SHOWN = {
    "train": ["<progress", "image/png;base64", "model.safetensors"],
    "look": ["image/png;base64", "words"],
    "search": ["cosine", "image/png;base64", "imageToText"],
    "segment": ["image/png;base64", "meanIoU"],
    "fine-tune": ["<progress", "top5After", "Finished"],
    "csharp": ["<progress", "image/png;base64", "cosine", "Finished"],
}


def execute(name, out):
    import nbformat
    from nbclient import NotebookClient

    # A kernel that is started where Ctrl-C is ignored, as in the background of a shell, would ignore its interruption.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    notebook = nbformat.read(HERE / f"{name}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=300, startup_timeout=120, kernel_name=notebook.metadata.kernelspec.name,
                            resources={"metadata": {"path": str(HERE)}})
    with client.setup_kernel():
        for i, cell in enumerate(notebook.cells):
            try:
                client.execute_cell(cell, i)
            except Exception as error:
                said = [output.text for output in cell.get("outputs", []) if output.output_type == "stream"]
                sys.exit(f"{name}: {str(error)[:3000]}\n{''.join(said)[:3000]}")
        if name == "csharp":
            interrupt(client, out)
    nbformat.write(notebook, out / f"{name}.ipynb")
    shown = "".join(str(cell.get("outputs", "")) for cell in notebook.cells)
    missing = [text for text in SHOWN[name] if text not in shown]
    if missing:
        sys.exit(f"{name} did not show {missing}")
    print(f"{name}: {sum(len(cell.get('outputs', [])) for cell in notebook.cells)} outputs")


def interrupt(client, out):
    """A training of a million steps stops with a checkpoint, and the kernel lives."""
    from jupyter_client import BlockingKernelClient
    from jupyter_core.utils import run_sync

    listener = BlockingKernelClient()
    listener.load_connection_info(client.km.get_connection_info())
    listener.start_channels()

    def run(code, once_updated=None):
        asked, start, results = listener.execute(code), time.time(), []
        while time.time() - start < 120:
            message = listener.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "update_display_data" and once_updated:
                once_updated()
                once_updated, start = None, time.time()
            if kind in ("execute_result", "error", "stream"):
                results.append(str(content))
            if kind == "status" and content["execution_state"] == "idle":
                return " ".join(results), time.time() - start
        sys.exit("the cell did not end within two minutes of its interruption")

    result, seconds = run('TrainIn("interrupted", train with { TotalSteps = 1_000_000 })', run_sync(client.km.interrupt_kernel))
    checkpoints = sorted((out / "interrupted" / "checkpoints").glob("*.safetensors"))
    if "Stopped" not in result or not checkpoints:
        sys.exit(f"interrupted, the cell gave {result} and left {checkpoints}")
    if "42" not in run("6 * 7")[0]:
        sys.exit("the kernel gave no answer after an interruption")
    listener.stop_channels()
    print(f"csharp: stopped {seconds:.1f} s after its interruption with {checkpoints[-1].name}")


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()).resolve()
    out.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "JUPYTER_PATH": str(HERE), "SILC_NOTEBOOK_STEPS": "20", "SILC_NOTEBOOK_FOLDER": str(out),
           "DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT": "1"}
    failed = []

    def one(name):
        start = time.time()
        done = subprocess.run([sys.executable, __file__, "--one", name, str(out)], env=env, capture_output=True, text=True)
        if done.returncode:
            failed.append(name)
        lines = done.stdout + (done.stderr if done.returncode else "")
        print(f"{lines.strip()} ({time.time() - start:.0f} s)", flush=True)

    # Two at a time, and first the one whose model the others take.
    with ThreadPoolExecutor(2) as two:
        first = [two.submit(one, name) for name in ("train", "look")]
        for done in first:
            done.result()
        list(two.map(one, ("csharp", "search", "segment", "fine-tune")))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        execute(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
