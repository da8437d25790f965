"""Faces that nobody has: means of many aligned faces of one age and gender.

In: faces.py's archive of UTKFace with ages and genders in the names. Out: RGB bytes [SIZE SIZE 3], the face upright in
the middle, and how much of each pixel is face or hair, 0..1.
"""
import cv2
import numpy as np

import faces

SIZE = 320
# Left eye, right eye, nose, mouth corners in the composite.
TEMPLATE = (faces.TEMPLATE_112 - 56) * 1.75 + [SIZE / 2, SIZE / 2 + 12]
LEAST = 24  # faces that a composite is made of, so that none of them can be told


def frontal(points):
    """How far from the middle between the eyes the nose is, in parts of their distance: 0 looks straight ahead."""
    eyes = points[1] - points[0]
    middle = (points[0] + points[1] + points[3] + points[4]) / 4
    return abs(np.dot(points[2] - middle, eyes)) / np.dot(eyes, eyes)


def composite(pictures, detector, most=90):
    """The mean of the most frontal third of the pictures' faces, its contrast given back."""
    found = []
    for p in pictures[:most]:
        p = np.ascontiguousarray(p)
        best = faces.best_face(detector, p, 0.6)
        if best:
            found.append((frontal(best[1]), p, best[1]))
    found.sort(key=lambda f: f[0])
    found = found[:max(len(found) // 3, LEAST)]
    assert len(found) >= LEAST, len(found)
    total = np.zeros((SIZE, SIZE, 3), np.float32)
    for _, p, points in found:
        big = cv2.resize(p, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        warped = cv2.warpAffine(big, faces.similarity(points * 2, TEMPLATE), (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
        warped = warped.astype(np.float32)
        total += (warped - warped.mean((0, 1))) / (warped.std() + 1) * 50 + [150, 125, 112]
    mean = total / len(found)
    mean = mean + 1.1 * (mean - cv2.GaussianBlur(mean, (0, 0), 3)) + 0.6 * (mean - cv2.GaussianBlur(mean, (0, 0), 9))
    share = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(share, (SIZE // 2, SIZE // 2 + 6), (92, 128), 0, 0, 360, 1, -1)
    return np.clip(mean, 0, 255), cv2.GaussianBlur(share, (0, 0), 7)[..., None]
