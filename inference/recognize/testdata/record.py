#!/usr/bin/env python3
"""Records what OpenCV and the Python interpreter make of faces in the test
pictures, for the Go tests to compare with. Usage: record.py SHARED_FOLDER

Needs tensorflow-cpu==2.17.1, the version of the app's own library (XNNPACK's
kernels for mobilefacenet_112 are others in later ones), and, installed with
--no-deps, opencv-python-headless==5.0.0. The landmarks are those recorded for
the face detector. Writes JSON beside itself; pictures are never written, only
embeddings, spot checks of the aligned faces and their sharpness.

The networks are so sensitive that a face off by one level in one pixel of a
thousand has an embedding visibly off. So they get a face sampled by the app's
own rule, bilinear with weights in 1/1024, worked out here once more; that it
is OpenCV's but for rounding is checked here and, by the spots, in the tests.
What rounding does to the embeddings is printed.
"""
import json
import os
import sys

import cv2
import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = sys.argv[1]

# Where the points of a face belong in 112x112 pixels: ArcFace (Deng et al. 2019).
TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])


def umeyama(src, dst):
    """Umeyama 1991, equations 34 to 43, by singular values."""
    ms, md = src.mean(0), dst.mean(0)
    u, d, vt = np.linalg.svd((dst - md).T @ (src - ms) / len(src))
    s = np.diag([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    r = u @ s @ vt
    c = (d * np.diag(s)).sum() / ((src - ms) ** 2).sum(1).mean()
    return np.concatenate((c * r, (md - c * r @ ms)[:, None]), 1)


def matrix(landmarks, w):
    """From an aligned face, the middle w of 112 columns, to the picture."""
    return umeyama(TEMPLATE - [(112 - w) / 2, 0], landmarks).astype(np.float32).astype(np.float64)


def aligned(rgb, m, w, h):
    return cv2.warpAffine(rgb, m, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101)


def mirror(i, n):
    i = np.mod(i, 2 * (n - 1))
    return np.where(i < n, i, 2 * (n - 1) - i)


def sampled(rgb, m, w, h):
    """As aligned, in whole numbers: places in 1/2^32 pixel, weights in 1/1024."""
    v, u = np.mgrid[0:h, 0:w]
    place = [((a[1] * v + a[2]) * 2.**32).astype(np.int64) + (1 << 21) + u * int(a[0] * 2.**32) for a in m]
    (x0, y0), (fx, fy) = [p >> 32 for p in place], [(p >> 22 & 1023)[..., None] for p in place]
    x, y = [[mirror(i + k, n) for k in (0, 1)] for i, n in ((x0, rgb.shape[1]), (y0, rgb.shape[0]))]
    rgb = rgb.astype(np.int64)
    top, bottom = [rgb[r, x[0]] * (1024 - fx) + rgb[r, x[1]] * fx for r in y]
    face = (top * (1024 - fy) + bottom * fy + (1 << 19) >> 20).astype(np.uint8)
    assert np.abs(face.astype(int) - aligned(rgb.astype(np.uint8), m, w, h)).max() <= 1
    return face


def sharpness(face):
    """Variance of the Laplacian over eyes, nose and mouth."""
    edges = cv2.Laplacian(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), cv2.CV_64F)
    return edges[36:104, 24:88].var()


class Net:
    """One network, one thread, on the library's own kernels or on XNNPACK."""

    def __init__(self, name, xnnpack):
        resolvers = tf.lite.experimental.OpResolverType
        resolver = resolvers.AUTO if xnnpack else resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self.it = tf.lite.Interpreter(model_path=f"{SHARED}/models/{name}.tflite", num_threads=1, experimental_op_resolver_type=resolver)
        self.it.allocate_tensors()
        self.input, self.output = self.it.get_input_details()[0], self.it.get_output_details()[0]
        _, self.h, self.w, _ = (int(v) for v in self.input["shape"])

    def tensor(self, face):
        if self.input["dtype"] == np.uint8:
            return face
        return (face.astype(np.float32) - 127.5) / 128

    def embed(self, x):
        self.it.set_tensor(self.input["index"], x[None])
        self.it.invoke()
        v = self.it.get_tensor(self.output["index"])[0].astype(np.float64)
        scale, zero = self.output["quantization"]
        if scale:
            v = (v - zero) * scale
        return v / np.linalg.norm(v)


def spots(x, n):
    """Values at n places spread over a tensor: [index, value]."""
    flat = x.reshape(-1)
    return [[int(i), round(float(flat[i]), 5)] for i in np.linspace(0, flat.size - 1, n).astype(int)]


def short(v):
    return [round(float(x), 4) for x in v]


def pictures():
    with open(f"{HERE}/../../face/testdata/ultralight_face_landmark.json") as f:
        for c in json.load(f):
            rgb = cv2.cvtColor(cv2.imread(f"{SHARED}/{c['picture']}", cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            yield c["picture"], rgb, np.array(c["faces"][0][5:]).reshape(5, 2)


def record(name, cases):
    plain, fast, rounding, kernels = Net(name, False), Net(name, True), [], []
    for picture, rgb, landmarks in pictures():
        c = cases.setdefault(picture, dict(picture=picture, landmarks=landmarks.tolist(), models={},
                                           sharpness=round(sharpness(aligned(rgb, matrix(landmarks, 112), 112, 112)), 2)))
        m = matrix(landmarks, plain.w)
        opencv, x = [plain.tensor(f(rgb, m, plain.w, plain.h)) for f in (aligned, sampled)]
        none, xnnpack = plain.embed(x), fast.embed(x)
        c["models"][name] = dict(input=spots(opencv, 100), m=m.reshape(-1).tolist(), none=short(none), xnnpack=short(xnnpack))
        rounding.append(none @ plain.embed(opencv))
        kernels.append(none @ xnnpack)
    print(f"{name}: cosine over {len(cases)} faces, mean and least: faces rounded as OpenCV does {np.mean(rounding):.4f} {min(rounding):.4f}, "
          f"XNNPACK's kernels {np.mean(kernels):.4f} {min(kernels):.4f}")


found = {}
for model in "mobilefacenet_112", "mobilefacenet_112x96_quant", "mobilefacenet_112_uint8":
    record(model, found)
with open(f"{HERE}/embeddings.json", "w") as f:
    json.dump(list(found.values()), f, separators=(",", ":"))
    f.write("\n")
