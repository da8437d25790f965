"""What is kept aside for measuring, and which pictures are nearly the same.

The difference hash: grey, 9x8, bilinear with the filter widened to the scale (as Pillow does), row by row, a bit set
where the left pixel is brighter than the right. Pictures within NEAR bits of each other, or of the other's mirror
image, count as one picture.
"""
import collections
import csv
import os

import cv2
import numpy as np

import alike

KEPT_ASIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kept_aside.csv")
NEAR = 6  # of 64 bits


def triangle(size, to):
    """Matrix [to, size] that resamples a row of pixels bilinearly, the filter as wide as the scale."""
    scale = size / to
    away = (np.arange(size) + 0.5)[None] - (np.arange(to)[:, None] + 0.5) * scale
    weights = np.maximum(1 - np.abs(away) / max(scale, 1), 0)
    return weights / weights.sum(1, keepdims=True)


def dhash(picture):
    """The 64-bit difference hash of a picture, BGR or grey."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
    h, w = grey.shape
    narrow = np.floor(grey.astype(np.float64) @ triangle(w, 9).T + 0.5)
    small = np.floor(triangle(h, 8) @ narrow + 0.5)
    return int.from_bytes(np.packbits(small[:, :-1] > small[:, 1:]).tobytes(), "big")


def hashes(picture):
    """The hash of a picture and that of its mirror image."""
    return dhash(picture), dhash(picture[:, ::-1])


def kept_aside(name, path=KEPT_ASIDE):
    """What of a set is kept aside: key -> values, hashes as numbers."""
    found = collections.defaultdict(list)
    with open(path) as f:
        for row in csv.DictReader(f):
            if row["set"] == name:
                found[row["key"]].append(int(row["value"], 16) if row["key"] == "dhash" else row["value"])
    return found


def near(found, kept, bits=NEAR):
    """For each row of hashes [n, k], whether one of them is within bits of a kept one."""
    found, kept = np.asarray(found, np.uint64), np.asarray(kept, np.uint64)
    return np.array([len(kept) > 0 and bool((np.bitwise_count(row[:, None] ^ kept) <= bits).any()) for row in found], bool)


def clusters(found, joined=(), bits=NEAR):
    """A number for each picture of hashes [n, 2] (picture, mirror image), the same for near-duplicates.

    joined names the pictures that belong together anyway: equal names, None for no name.
    """
    found, pairs = np.asarray(found, np.uint64).reshape(-1, 2), []
    for i, own in enumerate(found[:, 0]):
        distance = np.bitwise_count(found[i:] ^ own).min(1)
        pairs += [(i, i + int(j)) for j in np.flatnonzero(distance <= bits)]
    first = {}
    pairs += [(first.setdefault(name, i), i) for i, name in enumerate(joined) if name is not None]
    return alike.grouped(len(found), pairs)
