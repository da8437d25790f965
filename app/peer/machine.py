"""What the comparisons share: where things lie, how the app is run, tables, and what a process uses."""
import contextlib
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("RTV_SHARED") or PROJECT.parent / "shared")
APP = PROJECT / "build/reterminal-vision"
CORES = os.cpu_count()


def clip(name):
    return str(SHARED / "media" / name)


# By pipeline: what the app is given to do the same as the script.
OURS = {
    "ssd": ["--demo", "objects", "--model", "ssd_mobilenet_v1_coco_quant", "--source", clip("traffic/cars.mp4")],
    "face_emotion": ["--demo", "emotion", "--model", "ultralight_face_slim_320,emotion_mobilefacenet_48", "--source", clip("people/test_dance.mp4")],
    "segment": ["--demo", "scene", "--model", "deeplabv3_257_mv", "--source", clip("people/test_dance.mp4")],
    "recognition": ["--demo", "recognition", "--model", "ultralight_face_landmark,mobilefacenet_112x96_quant", "--source", clip("people/test_dance.mp4")],
    "yolo": ["--demo", "objects", "--model", "yolov8n_int8", "--source", clip("traffic/cars.mp4")],
}
OURS["segment_slow"] = OURS["segment"]

TITLES = {
    "ssd": "SSD 300, cars.mp4", "face_emotion": "face + emotion, test_dance.mp4", "segment": "DeepLab 257, lean overlay",
    "segment_slow": "DeepLab 257, slow overlay", "recognition": "face recognition, test_dance.mp4", "yolo": "YOLOv8n 640, cars.mp4",
}


@contextlib.contextmanager
def workplace():
    """A folder and an environment in which the app knows nothing of its user."""
    with tempfile.TemporaryDirectory(prefix="rtv-compare-") as folder:
        env = {**os.environ, "RTV_SHARED": str(SHARED), "RTV_MODELS": str(SHARED / "models"), "XDG_DATA_HOME": folder,
               "RTV_PEOPLE": f"{folder}/people.db", "LANGUAGE": "en", "TF_CPP_MIN_LOG_LEVEL": "2"}
        settings = Path(folder, "reterminal-vision/settings.json")
        settings.parent.mkdir()
        settings.write_text('{"version":1,"welcomed":true}')
        yield Path(folder), env


@contextlib.contextmanager
def screen(env, size="720x1280x24"):
    """A virtual screen of the reTerminal's size: its environment and its process."""
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        number = os.read(read, 16).decode().strip()
        if not number:
            raise SystemExit("Xvfb does not start: run packaging/setup.sh")
        yield {**env, "DISPLAY": ":" + number}, server
    finally:
        os.close(read)
        server.terminate()
        server.wait()


def run(command, env, **more):
    """Runs to the end; its output. What it says when it fails is shown."""
    done = subprocess.run(command, env=env, capture_output=True, text=True, **more)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\nfailed with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def bench(pipeline, threads, folder, env, *more):
    """One row of the app's own benchmark."""
    file = folder / "bench.json"
    run([APP, "bench", *OURS[pipeline], "--threads", str(threads), "--json", file, *map(str, more)], env)
    return json.loads(file.read_text())[0]


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(values):
    """Median, least and most."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def show(heads, rows):
    """A table for a terminal that is one in Markdown, too."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, ["-" * w for w in widths], *rows]:
        print("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |")
    print(flush=True)
