"""Road pictures with boxes of vehicles, from seven repositories in YOLO's layout (images/NAME.jpg, labels/NAME.txt).

Out: NAME.jpg, longest side at most 448, and NAME.txt, a line "class cx cy w h" for each vehicle, in shares of the
picture; classes 0 car, 1 motorcycle, 2 bus, 3 truck, 4 other.
"""
import collections
import hashlib
import os
import re

import cv2
import numpy as np

import data_screen

LONGEST, QUALITY, COPIES = 448, 90, 2


def boxes(text, classes):
    """Rows class x0 y0 x1 y1, in shares of the picture; polygons become the boxes around them.

    classes maps the source's classes to ours; what it lacks is dropped.
    """
    rows = []
    for line in text.splitlines():
        number, *values = line.split() or [""]
        if number not in classes:
            continue
        values = np.array(values, float)
        if len(values) == 4:
            x0, y0, x1, y1 = *(values[:2] - values[2:] / 2), *(values[:2] + values[2:] / 2)
        else:
            x, y = values[0::2], values[1::2]
            x0, y0, x1, y1 = x.min(), y.min(), x.max(), y.max()
        rows.append([classes[number], x0, y0, x1, y1])
    return np.array(rows, float).reshape(-1, 5)


def content(picture):
    """x0 y0 x1 y1 of what lies between black bars of equal width left and right, or above and below."""
    h, w = picture.shape[:2]
    lit = picture.max(2) > 24
    span = []
    for line in (lit.mean(0), lit.mean(1)):
        on = np.flatnonzero(line > 0.02)
        first, end = (int(on[0]), int(on[-1]) + 1) if len(on) else (0, len(line))
        bars = min(first, len(line) - end) >= 8 and abs(first - (len(line) - end)) <= 6
        span.append((first + 2, end - 2) if bars else (0, len(line)))  # 2: what JPEG smears across the edge
    (x0, x1), (y0, y1) = span
    return (x0, y0, x1, y1) if (x1 - x0 == w) != (y1 - y0 == h) else (0, 0, w, h)


def crop(picture, found, place):
    """The picture and its boxes within a place x0 y0 x1 y1 in pixels; boxes in shares of the crop."""
    h, w = picture.shape[:2]
    x0, y0, x1, y1 = place
    shift, size = np.array([x0, y0, x0, y0]), np.array([x1 - x0, y1 - y0] * 2)
    moved = np.clip((found[:, 1:] * [w, h, w, h] - shift) / size, 0, 1)
    found = np.column_stack([found[:, :1], moved])
    keep = ((moved[:, 2:] - moved[:, :2]) * size[:2] >= 1).all(1)
    return picture[y0:y1, x0:x1], found[keep]


def noise(picture):
    """Mean difference to the median of 3x3: large for a copy to which noise was added."""
    return float(np.abs(picture.astype(np.int16) - cv2.medianBlur(picture, 3)).mean())


def prepare(work):
    """(path, JPEG, labels, classes, bars?) -> path, JPEG as prepared, labels, hashes as prepared and as it was, noise."""
    path, jpeg, labels, classes, bars = work
    whole = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    place = content(whole) if bars else (0, 0, whole.shape[1], whole.shape[0])
    picture, found = crop(whole, boxes(labels, classes), place)
    scale = LONGEST / max(picture.shape[:2])
    if scale < 1:
        size = [max(round(s * scale), 1) for s in picture.shape[1::-1]]
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    seen = data_screen.hashes(picture)
    return path, encoded, lines(found), seen + (data_screen.hashes(whole) if picture.shape != whole.shape and bars else seen), noise(picture)


def lines(found):
    return "".join("%d %.6f %.6f %.6f %.6f\n" % (c, (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0) for c, x0, y0, x1, y1 in found)


def photograph(path):
    """The name of the photograph that a file is a copy of: Roboflow adds ".rf." and a hash to each copy."""
    return os.path.basename(path).split(".rf.")[0]


def recording(path, pattern):
    """The name of the recording that a file is a frame of, None where names do not say."""
    found = re.match(pattern, os.path.basename(path)) if pattern else None
    return found.group(found.lastindex) if found else None


def works(repository, source):
    """What prepare takes, one for each picture of the source."""
    every = repository.list(*source["paths"])
    pictures = [p for p in every if "/images/" in p and p.lower().endswith((".jpg", ".jpeg", ".png"))]
    pictures = pictures[::source.get("every", 1)]
    of = {p: p.replace("/images/", "/labels/").rsplit(".", 1)[0] + ".txt" for p in pictures}
    pictures = [p for p in pictures if of[p] in set(every)]
    wanted = [f for p in pictures for f in (of[p], p)]
    text = b""
    for path, found in repository.read(wanted):
        if path in of:
            yield path, found, text.decode(), source["classes"], source.get("bars", False)
        text = found


def build(context, out):
    """Writes the set into the folder out; returns rows of the manifest and how many of each source there are."""
    kept, rows, counts = data_screen.kept_aside("vehicles")["dhash"], [], {}
    for prefix, source in context.sources("vehicles").items():
        prepared = context.map(prepare, works(context.repository(source), source))
        groups, chosen, out_of = choose(prepared, source, kept)
        for i in chosen:
            path, jpeg, labels, _, _ = prepared[i]
            name = "%s_%05d" % (prefix, sum(r[0].startswith(prefix) for r in rows) + 1)
            context.write(out, name + ".jpg", jpeg)
            context.write(out, name + ".txt", labels.encode())
            rows.append((name + ".jpg", context.origin(source, path), source["licence"], "%s_%s" % (prefix, groups[i]),
                         hashlib.sha256(jpeg + labels.encode()).hexdigest()))
        counts[prefix], counts[prefix + " kept aside"] = len(chosen), out_of
        counts[prefix + " boxes"] = sum(prepared[i][2].count("\n") for i in chosen)
    return rows, counts


def choose(prepared, source, kept):
    """A group for each picture, which ones to take, and how many are kept aside.

    Left out is what is alike to a kept picture, with all copies of that photograph, and the recordings of which kept
    pictures are frames; of the copies of a photograph those with the least noise are taken, and of equal ones the first.
    """
    found = np.array([h for _, _, _, h, _ in prepared], np.uint64)
    names = np.array([photograph(p) for p, *_ in prepared])
    recordings = [recording(p, source.get("recording")) for p, *_ in prepared]
    clusters = data_screen.clusters(found[:, :2], [r or n for r, n in zip(recordings, names)])
    aside = data_screen.near(found, kept)
    aside = np.isin(names, names[aside]) | np.array([recording(p, source.get("kept_recordings")) is not None for p, *_ in prepared])
    taken, chosen, seen = collections.Counter(), [], set()
    for i in sorted(np.flatnonzero(~aside), key=lambda i: (round(prepared[i][4], 2), prepared[i][0])):
        if taken[names[i]] < COPIES and prepared[i][1] not in seen:
            taken[names[i]] += 1
            seen.add(prepared[i][1])
            chosen.append(int(i))
    return [r or "c%05d" % c for r, c in zip(recordings, clusters)], sorted(chosen), int(aside.sum())
