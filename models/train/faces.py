"""Pictures of faces for the face recipes: reading them, splitting them, finding faces and landmarks in them.

In: archives of face pictures; the published detectors Ultra-Light RFB (MIT) and Ultra-Light with landmarks.
Out: arrays of RGB bytes, a fixed split into train, validation and test, boxes and five landmarks in pixels.
"""
import hashlib
import os
import tarfile

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

import alike
import photo
from tflite import to_input

cv2.setNumThreads(1)

# Left eye, right eye, nose, left and right mouth corner in a 112x112 picture (ArcFace, Deng et al. 2019).
TEMPLATE_112 = np.array([(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)], np.float32)
TRAIN, VALIDATION, TEST = range(3)


def read(archive, work, every=1):
    """All pictures of a tar file, or every so-manyth, as one array of RGB bytes, and their names; kept in work once decoded."""
    kept = os.path.join(work, os.path.basename(archive)[:-4] + ("_%d" % every if every > 1 else ""))
    if not os.path.exists(kept + "_names.npy"):
        names, pictures = [], []
        with tarfile.open(archive) as tar:
            for member in sorted((m for m in tar if m.isfile()), key=lambda m: m.name)[::every]:
                picture = cv2.imdecode(np.frombuffer(tar.extractfile(member).read(), np.uint8), cv2.IMREAD_COLOR)
                if picture is not None:
                    names.append(member.name)
                    pictures.append(picture[..., ::-1])
        os.makedirs(work, exist_ok=True)
        np.save(kept + ".npy", np.stack(pictures))
        np.save(kept + "_names.npy", names)
    return np.load(kept + ".npy", mmap_mode="r"), np.load(kept + "_names.npy")


def perceptual_hashes(pictures):
    """143 signs for each picture: which of the low DCT coefficients exceed their median."""
    bits = np.array([alike.perceptual_hash(p if p.ndim == 2 else cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)) for p in pictures])
    return np.where(bits, np.float32(1), np.float32(-1))


def groups(pictures, differing):
    """Numbers pictures so that near-duplicates, also mirrored ones, share a number.

    Two pictures are near-duplicates when their hashes differ in at most so many of 143 bits.
    """
    upright, mirrored = perceptual_hashes(pictures), perceptual_hashes([p[:, ::-1] for p in pictures])

    def pairs():
        for first in range(0, len(upright), 1000):
            # Signs agree 143 times less twice the bits that differ.
            likeness = np.maximum(upright[first:first + 1000] @ upright.T, upright[first:first + 1000] @ mirrored.T)
            for i, j in zip(*np.nonzero(likeness >= 143 - 2 * differing)):
                yield first + i, j
    return alike.grouped(len(pictures), pairs())


def split(pictures, names, differing, kept):
    """TRAIN, VALIDATION or TEST for each picture, near-duplicates together: 80, 10 and 10 of 100 groups, by hash.

    kept is the file that remembers it.
    """
    if not os.path.exists(kept):
        part_of, numbers = {}, groups(pictures, differing)
        for name, number in zip(names, numbers):  # the first name of a group decides
            digest = int(hashlib.sha256(os.path.basename(name).encode()).hexdigest(), 16) % 100
            part_of.setdefault(number, TEST if digest < 10 else VALIDATION if digest < 20 else TRAIN)
        np.save(kept, np.array([part_of[n] for n in numbers]))
    return np.load(kept)


class Detector:
    """A published detector of the Ultra-Light family on pictures of 320x240: boxes and perhaps landmarks in pixels."""

    def __init__(self, path, layers, mean, std, logits, even):
        self.net = Interpreter(path, num_threads=1)
        self.net.allocate_tensors()
        self.mean, self.std, self.logits = mean, std, logits
        self.anchors = []
        for stride, boxes in layers:
            columns, rows = -(-320 // stride), -(-240 // stride)
            step = (320 / columns, 240 / rows) if even else (stride, stride)
            for y in range(rows):
                for x in range(columns):
                    self.anchors += [((x + 0.5) * step[0], (y + 0.5) * step[1], min(w, 320), min(h, 240)) for w, h in boxes]
        self.anchors = np.array(self.anchors, np.float32)

    def __call__(self, rgb):
        """Scores, boxes (x0 y0 x1 y1) and landmarks ([5 2], None without) of all anchors."""
        self.net.set_tensor(self.net.get_input_details()[0]["index"], ((rgb.astype(np.float32) - self.mean) / self.std)[None])
        self.net.invoke()
        out = {v.shape[1]: v for v in (self.net.get_tensor(d["index"])[0] for d in self.net.get_output_details())}
        centre = self.anchors[:, :2] + out[4][:, :2] * 0.1 * self.anchors[:, 2:]
        half = np.exp(out[4][:, 2:] * 0.2) * self.anchors[:, 2:] / 2
        scores = out[2][:, 1]
        if self.logits:
            scores = 1 / (1 + np.exp(out[2][:, 0] - scores))
        points = None
        if 10 in out:
            points = self.anchors[:, None, :2] + out[10].reshape(-1, 5, 2) * 0.1 * self.anchors[:, None, 2:]
        return scores, np.concatenate([centre - half, centre + half], 1), points


def box_detector(shared):
    """Ultra-Light RFB 320: boxes."""
    layers = [(8, (10, 16, 24)), (16, (32, 48)), (32, (64, 96)), (64, (128, 192, 256))]
    return Detector(shared + "/models/ultralight_face_rfb_320.tflite", [(s, [(b, b) for b in sides]) for s, sides in layers],
                    127, 128, logits=False, even=True)


def landmark_detector(shared):
    """Ultra-Light with landmarks 320, by which the app aligns faces."""
    layers = [(8, [(17, 13), (38, 28)]), (16, [(98, 74), (161, 119)]), (32, [(217, 171), (299, 234)])]
    return Detector(shared + "/models/ultralight_face_landmark.tflite", layers, 127.5, 128, logits=True, even=False)


def on_canvas(picture, side):
    """The picture at side x side in the middle of 320x240, its edges stretched out, and the way back to its pixels."""
    scale = side / picture.shape[0]
    x, y = (320 - side) // 2, (240 - side) // 2
    canvas = cv2.copyMakeBorder(cv2.resize(picture, (side, side)), y, 240 - side - y, x, 320 - side - x, cv2.BORDER_REPLICATE)
    return canvas, lambda points: (points - np.array([x, y], np.float32)) / scale


def best_face(detector, picture, least=0.6):
    """Box [2 2] and landmarks of the surest face of a picture that one face fills, in its pixels; None without one."""
    for side in (150, 110, 200):
        canvas, back = on_canvas(picture, side)
        scores, boxes, points = detector(canvas)
        best = int(np.argmax(scores))
        if scores[best] >= least:
            return back(boxes[best].reshape(2, 2)), None if points is None else back(points[best])
    return None


def examples(pictures, r, count=400):
    """Representative inputs for 8 bit: some of the pictures, and a black and white one so that the range is whole."""
    some = pictures[np.sort(r.choice(len(pictures), min(count, len(pictures)), replace=False))]
    extremes = np.zeros_like(some[:1])
    extremes[:, ::2] = 255
    return to_input(np.concatenate([some, extremes]))


def altered(picture, r, shift, turn, zoom, tint=0.06):
    """One altered copy as bytes: mirrored, moved, turned, zoomed, of another exposure and tint, blurred, noisy, partly erased.

    shift is a share of the side, turn degrees, zoom and tint shares; all are standard deviations.
    """
    side = picture.shape[0]
    m = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), r.normal(0, turn), np.exp(r.normal(0, zoom)))
    m[:, 2] += r.normal(0, shift * side, 2)
    if r.random() < 0.5:
        m = m @ np.array([[-1, 0, side - 1], [0, 1, 0], [0, 0, 1]])
    p = cv2.warpAffine(np.asarray(picture, np.uint8), m, (side, side), borderMode=cv2.BORDER_REPLICATE)
    if r.random() < 0.2:
        p = cv2.GaussianBlur(p, (0, 0), r.uniform(0.3, side / 80))
    p = cv2.LUT(p, exposure(r, tint))
    if r.random() < 0.2:
        p = photo.noisy(p, r.uniform(1, 8))
    if r.random() < 0.4:
        h, w = r.integers(side // 8, side // 3, 2)
        y, x = r.integers(0, side - h), r.integers(0, side - w)
        p[y:y + h, x:x + w] = r.integers(0, 256)
    return p


def exposure(r, tint):
    """A table of bytes [1 256 3] that changes contrast, light, gamma and tint."""
    v = 255 * (np.arange(256, dtype=np.float32) / 255) ** np.exp(r.normal(0, 0.2))
    v = (v - 128) * np.exp(r.normal(0, 0.2)) + 128 + r.normal(0, 15)
    return np.clip(v[None, :, None] * np.exp(r.normal(0, tint, 3)), 0, 255).astype(np.uint8)


def like(pictures, others, differing):
    """Which pictures are near-duplicates of one of the others, also mirrored."""
    upright, mirrored = perceptual_hashes(others), perceptual_hashes([p[:, ::-1] for p in others])
    hashes, found = perceptual_hashes(pictures), np.zeros(len(pictures), bool)
    for first in range(0, len(pictures), 1000):
        some = hashes[first:first + 1000]
        found[first:first + 1000] = np.maximum(some @ upright.T, some @ mirrored.T).max(1) >= 143 - 2 * differing
    return found


def similarity(source, target):
    """The 2x3 matrix of rotation, uniform scale and shift from points to points in least squares (Umeyama, 1991)."""
    a, b = np.asarray(source, np.float64), np.asarray(target, np.float64)
    ca, cb = a - a.mean(0), b - b.mean(0)
    spread = (ca ** 2).sum()
    cos, sin = (ca * cb).sum() / spread, (ca[:, 0] * cb[:, 1] - ca[:, 1] * cb[:, 0]).sum() / spread
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([turn, b.mean(0) - turn @ a.mean(0)]).astype(np.float32)


def aligned(picture, points, size=112):
    """The picture warped so that five landmarks lie where the template has them, mirrored beyond its edges."""
    matrix = similarity(points, TEMPLATE_112 * (size / 112))
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
