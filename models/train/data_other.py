"""X-rays of lungs, crops for anti-spoofing, conveyor belts and boxes of faces."""
import collections
import csv
import hashlib
import io
import os
import tarfile

import cv2
import numpy as np

import data_screen

BELT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data_belt.csv")


def read(content, flags):
    return cv2.imdecode(np.frombuffer(content, np.uint8), flags)


def xray(work):
    """(path, X-ray, mask) -> path, both as PNG of 256x256, the mask 0 or 255."""
    path, picture, mask = work
    picture, mask = (cv2.resize(read(c, cv2.IMREAD_GRAYSCALE), (256, 256), interpolation=cv2.INTER_AREA) for c in (picture, mask))
    mask = np.where(mask > 127, 255, 0).astype(np.uint8)
    return path, cv2.imencode(".png", picture)[1].tobytes(), cv2.imencode(".png", mask)[1].tobytes()


def lung(context, out):
    """Chest X-rays of Shenzhen (CHNCXR) and Montgomery (MCUCXR), grey 256x256, with masks of both lungs."""
    source = context.sources("lung")["lung"]
    repository, rows = context.repository(source), []
    kept = {os.path.splitext(n)[0] for n in data_screen.kept_aside("lung")["file"]}
    pictures, masks = (repository.list(folder) for folder in source["paths"])
    masks = {stem(p): p for p in masks}
    every = [p for p in pictures if stem(p) in masks]
    wanted = [p for p in every if stem(p) not in kept]
    content = repository.read([f for p in wanted for f in (p, masks[stem(p)])])
    works = ((path, found, next(content)[1]) for path, found in content)
    prepared = context.map(xray, works)
    for path, picture, mask in prepared:
        context.write(out, stem(path) + ".png", picture)
        context.write(out, stem(path) + "_mask.png", mask)
        rows.append((stem(path) + ".png", context.origin(source, path), source["licence"], stem(path),
                     hashlib.sha256(picture + mask).hexdigest()))
    return rows, {"lung": len(rows), "lung kept aside": len(every) - len(wanted)}


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def unpacked(context, name):
    """Files of an archive of the shared folder, path below its one folder -> bytes."""
    with tarfile.open(context.archive(name)) as tar:
        return {m.name.split("/", 1)[1]: tar.extractfile(m).read() for m in tar if m.isfile()}


def of_archive(context, out, files, describe):
    """Writes files of an archive; describe(path) tells (origin, licence, group) of a picture."""
    rows = []
    for path in sorted(files):
        context.write(out, path, files[path])
        if path.endswith((".jpg", ".png")):
            rows.append((path, *describe(path), hashlib.sha256(files[path]).hexdigest()))
    return rows


def context_picture(work):
    """A whole picture of NUAA, (path, content), as JPEG of 256x192."""
    path, content = work
    picture = cv2.resize(read(content, cv2.IMREAD_COLOR), (256, 192), interpolation=cv2.INTER_AREA)
    return path, cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def spoof(context, out):
    """Live and attack crops 128x128 (live/, spoof/, labels.csv) and whole pictures of NUAA (nuaa_raw/, nuaa_raw.csv)."""
    source = context.sources("spoof")["nuaa"]
    files = unpacked(context, "spoof.tar.gz")
    labels = {r["file"]: r for r in csv.DictReader(io.StringIO(files["labels.csv"].decode()))}
    rows = of_archive(context, out, files, lambda p: (
        "spoof.tar.gz:%s:%s" % (labels[p]["source"], labels[p]["source_file"]), licence_of(source, labels[p]["source"]), labels[p]["group"]))
    counts = {kind: sum(r[0].startswith(kind) for r in rows) for kind in ("live", "spoof")}
    repository = context.repository(source)
    paths, counts["nuaa_raw kept aside"] = spread(repository.list(*source["paths"]), kept_persons())
    lines = []
    for path, jpeg in context.map(context_picture, repository.read(paths)):
        kind, person = "live" if "/ClientRaw/" in path else "spoof", "nuaa" + path.split("/")[-2]
        name = "%s_%s" % (kind, os.path.basename(path))
        context.write(out, "nuaa_raw/" + name, jpeg)
        lines.append([name, kind, person])
        rows.append(("nuaa_raw/" + name, context.origin(source, path), source["licence"], person, hashlib.sha256(jpeg).hexdigest()))
    with open(os.path.join(out, "nuaa_raw.csv"), "w", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([["file", "class", "person"], *lines])
    counts["nuaa_raw live"], counts["nuaa_raw spoof"] = (sum(line[1] == kind for line in lines) for kind in ("live", "spoof"))
    return rows, counts


def licence_of(source, name):
    return source["licence"] if name == "nuaa" else "none stated"


def kept_persons():
    """Numbers of NUAA's persons that are kept aside."""
    return {g.split()[-1] for g in data_screen.kept_aside("spoof")["group"] if g.startswith("nuaa person ")}


def spread(paths, kept, most=60):
    """At most so many pictures of each person and class, spread over them, and how many were kept aside."""
    folders = collections.defaultdict(list)
    for p in paths:
        if p.endswith(".jpg"):
            folders[os.path.dirname(p)].append(p)
    aside = sum(len(found) for folder, found in folders.items() if os.path.basename(folder) in kept)
    chosen = []
    for folder, found in folders.items():
        if os.path.basename(folder) not in kept:
            chosen += [found[i] for i in sorted({round(i) for i in np.linspace(0, len(found) - 1, most)})]
    return sorted(chosen), aside


def belt_picture(work):
    path, content = work
    picture = cv2.resize(read(content, cv2.IMREAD_COLOR), (320, 320), interpolation=cv2.INTER_AREA)
    return path, cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes(), data_screen.hashes(picture)


def belt(context, out):
    """Damaged belts 320x320 with YOLO boxes: 0 hole, 1 impact damage, 2 puncture, 3 tear, 4 wear; data_belt.csv names them."""
    source, rows = context.sources("belt")["belt"], []
    repository = context.repository(source)
    with open(BELT) as f:
        names = {r["file"]: r["name"] for r in csv.DictReader(f)}
    prepared = context.map(belt_picture, repository.read(sorted(names)))
    clusters = data_screen.clusters([h for *_, h in prepared])
    labels = {p: labels_of(p) for p in names}
    texts = dict(repository.read(sorted(set(labels.values()))))
    for (path, jpeg, _), cluster in zip(prepared, clusters):
        context.write(out, names[path] + ".jpg", jpeg)
        context.write(out, names[path] + ".txt", texts[labels[path]])
        rows.append((names[path] + ".jpg", context.origin(source, path), source["licence"], "belt_c%05d" % cluster,
                     hashlib.sha256(jpeg + texts[labels[path]]).hexdigest()))
    return rows, {"belt": len(rows), "belt not chosen": sum("/images/" in p for p in repository.list(*source["paths"])) - len(rows)}


def labels_of(path):
    """YOLO's file of boxes of a picture."""
    return os.path.splitext(path.replace("/images/", "/labels/"))[0] + ".txt"


def belt_intact(context, out):
    """Crops 256x256 of one running belt: intact/ and, with a mark of which it is unclear what it is, mark/."""
    source = context.sources("belt_intact")["belt_intact"]
    files = unpacked(context, "belt_intact.tar.gz")
    of = {r["file"]: r["source_file"] for r in csv.DictReader(io.StringIO(files.pop("manifest.csv").decode()))}
    rows = of_archive(context, out, files, lambda p: (context.origin(source, of[p]), source["licence"], "belt_intact"))
    return rows, {kind: sum(r[0].startswith(kind) for r in rows) for kind in ("intact", "mark")}


def face_picture(work):
    """(path, content) -> path, grey JPEG, longest side 264, and its hashes."""
    path, content = work
    picture = read(content, cv2.IMREAD_GRAYSCALE)
    scale = 264 / max(picture.shape)
    picture = cv2.resize(picture, [max(round(s * scale), 1) for s in picture.shape[::-1]], interpolation=cv2.INTER_AREA)
    return path, cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes(), data_screen.hashes(picture)


def facebox(context, out):
    """Grey pictures of offices and crowds with YOLO boxes of faces, class 0."""
    source, rows = context.sources("facebox")["facebox"], []
    repository = context.repository(source)
    every = [p for p in repository.list(*source["paths"]) if "/images/" in p]
    prepared = context.map(face_picture, repository.read(context.selected(source, every)))
    found = [h for *_, h in prepared]
    aside = data_screen.near(found, data_screen.kept_aside("facebox")["dhash"])
    texts = dict(repository.read([labels_of(p) for p, *_ in prepared]))
    for (path, jpeg, _), cluster, kept in zip(prepared, data_screen.clusters(found), aside):
        if kept:
            continue
        name, text = "fb_%04d" % (len(rows) + 1), texts[labels_of(path)]
        context.write(out, name + ".jpg", jpeg)
        context.write(out, name + ".txt", text)
        rows.append((name + ".jpg", context.origin(source, path), source["licence"], "facebox_c%05d" % cluster,
                     hashlib.sha256(jpeg + text).hexdigest()))
    return rows, {"facebox": len(rows), "facebox kept aside": int(aside.sum()), "facebox not chosen": len(every) - len(prepared)}
