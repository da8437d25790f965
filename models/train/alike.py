"""Which pictures show the same: hashes that altered copies share, and groups of what is alike.

In: pictures and pairs of numbers. Out: signs to compare, and a group's number for each picture.
"""
import cv2
import numpy as np


def perceptual_hash(grey):
    """143 bits: which of the low DCT coefficients exceed their median."""
    low = cv2.dct(cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32))[:12, :12].ravel()[1:]
    return low > np.median(low)


def grouped(count, pairs):
    """Numbers count things so that both of each pair, and so all that are joined by pairs, share a number."""
    parent = np.arange(count)

    def root(i):
        while parent[i] != i:
            i = parent[i]
        return i
    for i, j in pairs:
        parent[root(i)] = root(j)
    return np.array([root(i) for i in range(count)])
