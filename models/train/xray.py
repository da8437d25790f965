"""Draws chest X-rays that nobody posed for, with the masks of their lungs.

In: a random generator. Out: a grey picture as RGB bytes [256 256 3] and its mask [256 256] of 0 and 1.

They stand beside the real ones in training, and are what the lungs of the built-in footage are.
"""
import cv2
import numpy as np

SIZE = 256


def smooth(r, cells, sigma=1.0):
    """A smooth random field about 0."""
    return sigma * cv2.resize(r.standard_normal((cells, cells), np.float32), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def filled(points, soft):
    """A closed smooth outline filled with 1, its rim softened."""
    out = np.zeros((SIZE, SIZE), np.float32)
    n = len(points)
    # A closed Catmull-Rom curve through the points.
    curve = [0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t * t + (3 * p1 - p0 - 3 * p2 + p3) * t ** 3)
             for i in range(n) for p0, p1, p2, p3 in [[points[(i + k) % n] for k in range(-1, 3)]] for t in np.linspace(0, 1, 12, endpoint=False)]
    cv2.fillPoly(out, [np.round(np.array(curve) * 16).astype(np.int32)], 1, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(out, (0, 0), soft) if soft else out


def lung(side, outer, r):
    """The outline of one lung, and of what of it the heart leaves dark; side is -1 for the one on the left of the picture."""
    top, bottom = 40 + r.normal(0, 7), 200 + r.normal(0, 9) + 4 * side
    inner = 15 + r.normal(0, 2)
    high = bottom - top
    # How far from the middle line, and how far down, from the apex round the outer side to the base and back inside.
    shape = [(inner + 16, 0), (inner + 36, 0.03), (outer * 0.78, 0.18), (outer * 0.93, 0.42), (outer, 0.7), (outer * 0.98, 0.95),
             (outer * 0.7, 0.9), (inner + 22, 0.86), (inner + 8, 0.8), (inner + 6, 0.55), (inner + 4, 0.35), (inner + 6, 0.12)]
    seen = list(shape)
    bulge = r.uniform(12, 30) if side > 0 else r.uniform(0, 8)
    seen[7], seen[8], seen[9] = (inner + 10 + bulge * 1.2, 0.86), (inner + 8 + bulge, 0.74), (inner + 4 + bulge * 0.45, 0.56)
    rough = r.normal(0, 1.5, (len(shape), 2))
    return [np.array([(128 + side * x, top + y * high) for x, y in outline]) + rough for outline in (shape, seen)]


def drawn(r):
    """One X-ray and its mask: the lung field as it shows, without what is behind the heart."""
    outer = 96 + r.normal(0, 4)
    outlines = [lung(side, outer, r) for side in (-1, 1)]
    air = np.clip(sum(filled(whole, 0) for whole, _ in outlines), 0, 1)
    mask = np.clip(sum(filled(seen, 0) for _, seen in outlines), 0, 1)
    field = np.clip(sum(filled(seen, r.uniform(1.2, 2.6)) for _, seen in outlines), 0, 1)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    # Soft tissue: bright in the middle, falling off to black beside the body, shoulders and neck at the top.
    half = np.interp(y, [0, 28, 60, 256], [34 + 20 * r.random(), 104, 116, outer + 12 + 8 * r.random()])
    body = 1 / (1 + np.exp((np.abs(x - 128) - half) / 5))
    p = body * (150 + 30 * np.exp(-((x - 128) / 60) ** 2) + 25 * (y / SIZE) + smooth(r, 5, 6))
    # The air in the lungs, darkest in the middle of each.
    depth = cv2.GaussianBlur(air, (0, 0), 14)
    p -= field * (r.uniform(50, 80) + 35 * depth)
    # Vessels spread from the hilum.
    vessels = np.zeros((SIZE, SIZE), np.float32)
    for side in (-1, 1):
        for _ in range(26):
            at, angle = np.array([128 + side * 22.0, 118.0]) + r.normal(0, 7, 2), r.uniform(-1.3, 1.3)
            width = r.uniform(1, 3)
            for _ in range(int(r.integers(5, 14))):
                to = at + 6 * np.array([side * np.cos(angle), np.sin(angle)])
                cv2.line(vessels, tuple(int(v) for v in at), tuple(int(v) for v in to), 1, max(int(width), 1), cv2.LINE_AA)
                at, angle, width = to, angle + r.normal(0, 0.25), width * 0.88
    p += field * cv2.GaussianBlur(vessels, (0, 0), 1.0) * r.uniform(20, 38)
    # Ribs, from the spine outwards and down.
    ribs = np.zeros((SIZE, SIZE), np.float32)
    gap = r.uniform(16, 20)
    for side in (-1, 1):
        for k in range(10):
            start = 34 + gap * k
            line = np.array([(128 + side * (8 + outer * np.sin(t * 1.55)), start - 14 * np.sin(t * 3.1) + 34 * t * t) for t in np.linspace(0, 1, 20)])
            cv2.polylines(ribs, [line.astype(np.int32)], False, 1, int(r.integers(4, 7)), cv2.LINE_AA)
    p += body * cv2.GaussianBlur(ribs, (0, 0), 1.4) * r.uniform(12, 26)
    # Spine, heart, diaphragm, collar bones.
    p += body * 26 * np.exp(-((x - 128) / 11) ** 2) * (1 + 0.25 * np.sin(y / 5.2))
    p += body * (1 - field) * 28 * np.exp(-(((x - 143) / 34) ** 2 + ((y - 165) / 40) ** 2))
    p += body * (1 - field) * 30 / (1 + np.exp((192 - y) / 7))
    bones = np.zeros((SIZE, SIZE), np.float32)
    for side in (-1, 1):
        line = np.array([(128 + side * (10 + 78 * t), 52 - 16 * np.sin(t * 2.2) + 2 * t) for t in np.linspace(0, 1, 14)])
        cv2.polylines(bones, [line.astype(np.int32)], False, 1, 6, cv2.LINE_AA)
    p += cv2.GaussianBlur(bones, (0, 0), 1.6) * 22
    p += r.normal(0, 3, p.shape) + smooth(r, 9, 3)
    p = cv2.GaussianBlur(p.astype(np.float32), (0, 0), 0.7)
    grey = np.clip(p, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, 2), (mask > 0.5).astype(np.uint8)
