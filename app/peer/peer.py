#!/usr/bin/env python3
"""What a straightforward Python script does for each frame: OpenCV reads, resizes and draws, NumPy
decodes, LiteRT runs the network. It is what `compare.py` measures the app against.

    peer.py PIPELINE THREADS [1|0]

plays the pipeline's footage once (of a slow one, its beginning), frame after frame on one Python thread, and prints one line of JSON.
THREADS are the network's; OpenCV keeps its own pool. The last argument switches XNNPACK off with 0.
Footage and networks lie in the folder $RTV_SHARED, by default ../shared beside the project.
"""
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

SHARED = Path(os.environ.get("RTV_SHARED") or Path(__file__).resolve().parents[3] / "shared")
STAGES = ("read", "prepare", "copy", "invoke", "decode", "draw")
WARM_UP = 5  # frames that do not count
ALONE = 150  # runs of the network with nothing beside it


class Clock:
    """Adds up where the time goes: every lap belongs to the stage it is given for."""

    def __init__(self):
        self.spent = dict.fromkeys(STAGES, 0.0)
        self.last = time.perf_counter()

    def lap(self, stage):
        now = time.perf_counter()
        self.spent[stage] += now - self.last
        self.last = now


class Network:
    def __init__(self, file, threads, xnnpack):
        resolver = OpResolverType.AUTO if xnnpack else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self.lite = Interpreter(str(SHARED / "models" / file), num_threads=threads, experimental_op_resolver_type=resolver)
        self.lite.allocate_tensors()
        taken = self.lite.get_input_details()[0]
        self.input, self.dtype = taken["index"], taken["dtype"]
        self.scale, self.zero = taken["quantization"]
        _, self.height, self.width, _ = taken["shape"]
        self.outputs = [(o["index"], o["quantization"]) for o in self.lite.get_output_details()]
        self.runs = 0

    def __call__(self, picture, clock):
        """Outputs as real numbers, in the network's order."""
        self.lite.set_tensor(self.input, picture)
        clock.lap("copy")
        self.lite.invoke()
        self.runs += 1
        clock.lap("invoke")
        found = [self.lite.get_tensor(index) for index, _ in self.outputs]
        clock.lap("copy")
        return found

    def real(self, output, tensor):
        """A quantized output in its unit."""
        scale, zero = self.outputs[output][1]
        return (tensor.astype(np.float32) - zero) * scale if scale else tensor

    def alone(self):
        """Seconds of one run in a loop of nothing else."""
        for _ in range(WARM_UP):
            self.lite.invoke()
        start = time.perf_counter()
        for _ in range(ALONE):
            self.lite.invoke()
        return (time.perf_counter() - start) / ALONE


def signed(bgr):
    """A batch of one RGB picture from -1 to 1."""
    return ((bgr[..., ::-1].astype(np.float32) / 255.0 - 0.5) * 2.0)[np.newaxis]


def unit(bgr):
    """A batch of one RGB picture from 0 to 1."""
    return (bgr[..., ::-1].astype(np.float32) / 255.0)[np.newaxis]


def distinct(corners, scores, overlap):
    """Indices of the boxes that no better one overlaps, best first."""
    area = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    waiting, kept = np.argsort(-scores), []
    while len(waiting):
        best, rest = waiting[0], waiting[1:]
        kept.append(int(best))
        low = np.maximum(corners[best, :2], corners[rest, :2])
        high = np.minimum(corners[best, 2:], corners[rest, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        waiting = rest[shared <= overlap * (area[best] + area[rest] - shared)]
    return kept


def mark(frame, box, words):
    """A box with a plate of words at its upper edge."""
    left, top, right, bottom = (int(v) for v in box)
    cv2.rectangle(frame, (left, top), (right, bottom), (80, 160, 0), 2)
    (width, height), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    edge = max(top, height + 8)
    cv2.rectangle(frame, (left, edge - height - 8), (left + width + 8, edge), (80, 160, 0), cv2.FILLED)
    cv2.putText(frame, words, (left + 4, edge - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)


def mark_all(frame, found, clock):
    """Marks all that was found, which it names."""
    for name, score, box in found:
        mark(frame, box, f"{name} {score:.0%}")
    clock.lap("draw")
    return [name for name, _, _ in found]


class Objects:
    """SSD MobileNet v1, whose last operation leaves ten boxes."""

    footage = "media/traffic/cars.mp4"

    def __init__(self, load):
        self.net = load("ssd_mobilenet_v1_coco_quant.tflite")
        self.networks = [self.net]
        self.names = (SHARED / "models/ssd_coco_labels.txt").read_text().splitlines()[1:]

    def __call__(self, frame, clock):
        small = cv2.resize(frame, (self.net.width, self.net.height))
        picture = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)[np.newaxis]
        clock.lap("prepare")
        boxes, classes, scores, _ = self.net(picture, clock)
        height, width = frame.shape[:2]
        sure = scores[0] >= 0.5
        corners = np.clip(boxes[0][sure], 0, 1)[:, [1, 0, 3, 2]] * (width, height, width, height)
        found = [(self.names[int(c)], s, b) for c, s, b in zip(classes[0][sure], scores[0][sure], corners)]
        clock.lap("decode")
        return mark_all(frame, found, clock)


class Yolo:
    """YOLOv8 nano: 8400 boxes with 80 scores each, thinned out here."""

    footage = "media/traffic/cars.mp4"
    most = 150  # frames, of which each takes long

    def __init__(self, load):
        self.net = load("yolov8n_int8.tflite")
        self.networks = [self.net]
        self.names = (SHARED / "models/coco_labels.txt").read_text().splitlines()

    def __call__(self, frame, clock):
        picture = unit(cv2.resize(frame, (self.net.width, self.net.height)))
        clock.lap("prepare")
        table = self.net(picture, clock)[0][0]
        height, width = frame.shape[:2]
        score = table[4:].max(axis=0)
        sure = np.flatnonzero(score >= 0.4)
        kind, score = table[4:, sure].argmax(axis=0), score[sure]
        middle, half = table[:2, sure].T, table[2:4, sure].T / 2
        corners = np.concatenate([middle - half, middle + half], axis=1)
        # Boxes of different classes never overlap once each class has a place of its own.
        kept = distinct(corners + 2.0 * kind[:, np.newaxis], score, 0.5)
        found = [(self.names[kind[i]], score[i], corners[i] * (width, height, width, height)) for i in kept]
        clock.lap("decode")
        return mark_all(frame, found, clock)


def anchors(layers, width, height, even):
    """Centre and size of every anchor in fractions of the picture; a grid is spread evenly or keeps its stride."""
    grids = []
    for stride, sizes in layers:
        columns, rows = -(-width // stride), -(-height // stride)
        step = (1 / columns, 1 / rows) if even else (stride / width, stride / height)
        y, x = np.mgrid[:rows, :columns]
        centres = np.stack([(x + 0.5) * step[0], (y + 0.5) * step[1]], axis=-1).reshape(-1, 1, 2)
        sizes = np.minimum(np.array(sizes, np.float32) / (width, height), 1)
        places = np.broadcast_to(centres, (columns * rows, len(sizes), 2))
        extents = np.broadcast_to(sizes, (columns * rows, len(sizes), 2))
        grids.append(np.concatenate([places, extents], axis=-1).reshape(-1, 4))
    return np.concatenate(grids).astype(np.float32)


def around(offsets, grid):
    """Corners of the boxes that are given relative to their anchors."""
    centres = grid[:, :2] + 0.1 * offsets[:, :2] * grid[:, 2:]
    halves = np.exp(0.2 * offsets[:, 2:]) * grid[:, 2:] / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


class Emotions:
    """A face detector, then a network that is run for every face."""

    footage = "media/people/test_dance.mp4"
    names = "neutral happiness surprise sadness anger disgust fear contempt unknown".split()

    def __init__(self, load):
        self.detector, self.head = load("ultralight_face_slim_320.tflite"), load("emotion_mobilefacenet_48.tflite")
        self.networks = [self.detector, self.head]
        layers = [(8, [(10, 10), (16, 16), (24, 24)]), (16, [(32, 32), (48, 48)]), (32, [(64, 64), (96, 96)]),
                  (64, [(128, 128), (192, 192), (256, 256)])]
        self.grid = anchors(layers, self.detector.width, self.detector.height, even=True)

    def __call__(self, frame, clock):
        picture = signed(cv2.resize(frame, (self.detector.width, self.detector.height)))
        clock.lap("prepare")
        outputs = sorted(self.detector(picture, clock), key=lambda o: -o.shape[-1])
        offsets, scores = outputs[0][0], outputs[1][0, :, 1]
        height, width = frame.shape[:2]
        corners = np.clip(around(offsets, self.grid), 0, 1)
        sure = scores > 0.7
        corners, scores = corners[sure], scores[sure]
        kept = distinct(corners, scores, 0.3)
        boxes = (corners[kept] * (width, height, width, height)).astype(int)
        clock.lap("decode")
        found = []
        for left, top, right, bottom in boxes:
            if left >= right or top >= bottom:
                continue
            face = signed(cv2.resize(frame[top:bottom, left:right], (self.head.width, self.head.height)))
            clock.lap("prepare")
            answer = self.head(face, clock)[0].ravel()
            found.append((self.names[int(answer.argmax())], answer.max(), (left, top, right, bottom)))
            clock.lap("decode")
        return mark_all(frame, found, clock)


class Recognition:
    """A face detector with landmarks, each face turned upright, a vector of it, and who is nearest."""

    footage = "media/people/test_dance.mp4"
    people = "media/recognition"
    smallest = 36  # pixels of a face that is worth a look
    # Eyes, nose and corners of the mouth in a face of 112 pixels, after ArcFace.
    upright = np.array([(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)], np.float32)

    def __init__(self, load):
        self.detector, self.embedder = load("ultralight_face_landmark.tflite"), load("mobilefacenet_112x96_quant.tflite")
        self.networks = [self.detector, self.embedder]
        layers = [(8, [(17, 13), (38, 28)]), (16, [(98, 74), (161, 119)]), (32, [(217, 171), (299, 234)])]
        self.grid = anchors(layers, self.detector.width, self.detector.height, even=False)
        self.template = self.upright - ((112 - self.embedder.width) / 2, 0)
        self.names, vectors = [], []
        for file in sorted((SHARED / self.people).glob("img*.jpg")):
            picture, clock = cv2.imread(str(file)), Clock()
            faces = self.faces(picture, clock)
            if faces:
                self.names.append(file.stem)
                vectors.append(self.vector(picture, faces[0][1], clock))
        self.gallery = np.stack(vectors)
        for net in self.networks:
            net.runs = 0

    def faces(self, frame, clock):
        """Box and landmarks of every face, in pixels."""
        small = cv2.resize(frame, (self.detector.width, self.detector.height))
        picture = ((cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.float32) - 127.5) / 128.0)[np.newaxis]
        clock.lap("prepare")
        outputs = {o.shape[-1]: o[0] for o in self.detector(picture, clock)}
        height, width = frame.shape[:2]
        logits = outputs[2] - outputs[2].max(axis=1, keepdims=True)
        share = np.exp(logits)
        scores = share[:, 1] / share.sum(axis=1)
        corners = around(outputs[4], self.grid)
        points = self.grid[:, np.newaxis, :2] + 0.1 * outputs[10].reshape(-1, 5, 2) * self.grid[:, np.newaxis, 2:]
        sure = scores > 0.7
        corners, points, scores = corners[sure], points[sure], scores[sure]
        kept = distinct(corners, scores, 0.4)
        found = [(np.clip(corners[i], 0, 1) * (width, height, width, height), points[i] * (width, height)) for i in kept]
        clock.lap("decode")
        return found

    def vector(self, frame, landmarks, clock):
        """The face's vector, of length one."""
        turn, _ = cv2.estimateAffinePartial2D(landmarks.astype(np.float32), self.template, method=cv2.LMEDS)
        face = cv2.cvtColor(cv2.warpAffine(frame, turn, (self.embedder.width, self.embedder.height)), cv2.COLOR_BGR2RGB)
        if self.embedder.dtype == np.uint8:
            face = face[np.newaxis]
        else:
            face = ((face.astype(np.float32) - 127.5) / 128.0)[np.newaxis]
        clock.lap("prepare")
        answer = self.embedder.real(0, self.embedder(face, clock)[0]).ravel()
        answer /= np.linalg.norm(answer)
        clock.lap("decode")
        return answer

    def __call__(self, frame, clock):
        found = []
        for box, landmarks in self.faces(frame, clock):
            name, cosine = "unseen", 0.0
            if min(box[2] - box[0], box[3] - box[1]) >= self.smallest:
                likeness = self.gallery @ self.vector(frame, landmarks, clock)
                best = int(likeness.argmax())
                name, cosine = (self.names[best], likeness[best]) if likeness[best] > 0.55 else ("unknown", likeness[best])
            found.append((name, cosine, box))
            clock.lap("decode")
        for name, cosine, box in found:
            mark(frame, box, f"{name} {cosine:.2f}")
        clock.lap("draw")
        return [name for name, _, _ in found]


class Scene:
    """DeepLab v3: a class for each cell, drawn as a half transparent coat of colours."""

    footage = "media/people/test_dance.mp4"
    names = ("background aeroplane bicycle bird boat bottle bus car cat chair cow table dog horse motorbike person "
             "plant sheep sofa train tv").split()
    person = names.index("person")

    def __init__(self, load):
        self.net = load("deeplabv3_257_mv.tflite")
        self.networks = [self.net]
        self.palette = np.random.default_rng(1).integers(0, 256, (len(self.names), 3), np.uint8)
        self.palette[0] = 0

    def __call__(self, frame, clock):
        picture = signed(cv2.resize(frame, (self.net.width, self.net.height)))
        clock.lap("prepare")
        self.classes = self.net(picture, clock)[0][0].argmax(axis=-1)
        coat = self.colours(self.classes)
        clock.lap("decode")
        self.shown = self.mix(frame, cv2.resize(coat, frame.shape[1::-1]))
        clock.lap("draw")
        return []

    def colours(self, classes):
        return self.palette[classes]

    def mix(self, frame, coat):
        return cv2.addWeighted(frame, 0.5, coat, 0.5, 0)


class SlowScene(Scene):
    """The same with an overlay as such scripts have it: a pass over the picture for every class and colour, in
    floating point."""

    def colours(self, classes):
        coat = np.zeros(classes.shape + (3,))
        for number, colour in enumerate(self.palette):
            for channel in range(3):
                coat[..., channel] += ((classes == number) * int(colour[channel])).astype("uint8")
        return coat

    def mix(self, frame, coat):
        return (frame / 2 + coat / 2).astype("uint8")


PIPELINES = {"ssd": Objects, "face_emotion": Emotions, "recognition": Recognition, "yolo": Yolo, "segment": Scene, "segment_slow": SlowScene}


def play(pipeline, most, clock):
    """Works on up to most frames; what was found in each, the share of people in each, and the time of each."""
    footage = cv2.VideoCapture(str(SHARED / pipeline.footage))
    found, people, times = [], [], []
    while len(times) < most:
        begin = clock.last = time.perf_counter()
        there, frame = footage.read()
        clock.lap("read")
        if not there:
            break
        found.append(pipeline(frame, clock))
        times.append(time.perf_counter() - begin)
        if isinstance(pipeline, Scene):  # a check, which takes no measured time
            people.append(float((pipeline.classes == pipeline.person).mean()))
    return found, people, times


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in PIPELINES:
        sys.exit(f"usage: peer.py {'|'.join(PIPELINES)} THREADS [1|0]")
    name, threads, xnnpack = sys.argv[1], int(sys.argv[2]), sys.argv[3:] != ["0"]
    pipeline = PIPELINES[name](lambda file: Network(file, threads, xnnpack))
    play(pipeline, WARM_UP, Clock())
    for net in pipeline.networks:
        net.runs = 0
    clock = Clock()
    found, people, times = play(pipeline, getattr(pipeline, "most", sys.maxsize), clock)
    n, wall, inside = len(times), sum(times), clock.spent["invoke"]
    alone = sum(net.runs / n * net.alone() for net in pipeline.networks if net.runs)
    print(json.dumps({
        "pipe": name, "threads": threads, "xnnpack": xnnpack, "cv_threads": cv2.getNumThreads(), "frames": n,
        "fps_e2e": n / wall, "invoke_fps": n / inside, "ratio_e2e_over_invoke": inside / wall,
        "tight_invoke_fps": 1 / alone, "ratio_e2e_over_tight_invoke": n / wall * alone,
        "mean_ms": {stage: 1e3 * spent / n for stage, spent in clock.spent.items()},
        "output_check": {
            "dets_per_frame": sum(map(len, found)) / n, "label_hist": Counter(label for labels in found for label in labels),
            "person_px_frac_mean": float(np.mean(people)) if people else None,
        },
    }))


if __name__ == "__main__":
    main()
