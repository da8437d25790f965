"""Writes which pictures no training step saw, so that `make quality` measures this project's networks on those.

usage: held_out.py [--data build/data] [--shared ../shared] [--work build/train]

Reads the belts and votes of data.py, the scenes that belt.py left in --work, and the shared folder; writes
../../app/testdata/held_out.json: pictures of FER2013's PrivateTest with the emotion that
most of FER+'s labellers saw, crops of belts as [picture, x, y, side,
damaged?], and photographs with boxes, x0 y0 x1 y1 in pixels, of the vehicles in them and of the faces, these as
published detectors find them.
"""
import argparse
import csv
import glob
import io
import json
import os
import tarfile
import types

import cv2
import numpy as np

import belt
import emotion
import facedetector

HERE = os.path.dirname(os.path.abspath(__file__))
COCO_VEHICLES = [2, 3, 5, 7]  # car, motorcycle, bus, truck
# Boxes in the frames of media/traffic, 256x256, drawn by hand.
FRAMES = {
    "0001.bmp": [[51, 150, 123, 197], [211, 145, 256, 191], [235, 181, 256, 217]],
    "0002.bmp": [[40, 149, 114, 196], [205, 144, 256, 191], [226, 178, 256, 221]],
    "0003.bmp": [[31, 149, 104, 196], [197, 143, 253, 189], [217, 178, 256, 220]],
}


def ferplus(data, shared):
    """Of the pictures of fer2013.tar those of PrivateTest, by the index of their FER+ votes."""
    rows = {row["index"]: row for row in csv.DictReader(open(data + "/ferplus/labels.csv"))}
    with tarfile.open(shared + "/data/ferplus.tar.gz") as archive:
        known = list(csv.DictReader(io.TextIOWrapper(archive.extractfile("ferplus/ferplus_existing.csv"))))
    out = {}
    for row in (rows.get(k["fer_index"]) and {**rows[k["fer_index"]], "file": k["file"]} for k in known):
        if row and row["usage"] == "PrivateTest":
            most = max(emotion.VOTES, key=lambda v: float(row[v]))
            if most in emotion.EMOTIONS:
                out["fer2013/" + row["file"]] = most
    return dict(sorted(out.items()))


def belts(data, work):
    paths = sorted(glob.glob(data + "/belt/*.jpg"))
    pictures, boxes = belt.load(paths)
    scene, places = np.load(work + "/belt_scenes.npy"), []
    belt.crops(pictures, boxes, scene, np.flatnonzero(belt.hold_out(scene)), 500, 2, places=places)
    return [[os.path.relpath(paths[i], data), int(x), int(y), int(side), n % 2 == 1] for n, (i, x, y, side) in enumerate(places)]


def vehicles(shared):
    """Photographs of COCO and frames of a road with their vehicles."""
    out = {"media/traffic/frames/" + name: boxes for name, boxes in FRAMES.items()}
    for path in sorted(glob.glob(shared + "/media/traffic/coco128/*.jpg")):
        h, w = cv2.imread(path).shape[:2]
        labels = np.loadtxt(path[:-3] + "txt", ndmin=2)
        c, x, y, bw, bh = labels[np.isin(labels[:, 0], COCO_VEHICLES)].T
        boxes = np.column_stack([(x - bw / 2) * w, (y - bh / 2) * h, (x + bw / 2) * w, (y + bh / 2) * h])
        out[os.path.relpath(path, shared)] = boxes.round(1).tolist()
    return out


def photographs(shared):
    out, settings = {}, types.SimpleNamespace(smoke=False)
    for path, (_, rows) in zip(facedetector.files(shared, settings)[1], facedetector.photographs(shared, settings)[1]):
        out[os.path.relpath(path, shared)] = rows[:, :4].round(1).tolist()
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="build/data")
    parser.add_argument("--shared", default="../shared")
    parser.add_argument("--work", default="build/train")
    a = parser.parse_args()
    held = {"ferplus": ferplus(a.data, a.shared), "belt": belts(a.data, a.work), "faces": photographs(a.shared),
            "vehicles": vehicles(a.shared)}
    with open(HERE + "/../../app/testdata/held_out.json", "w") as f:
        json.dump(held, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
