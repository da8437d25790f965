"""Faces: votes of emotions, bands of age, persons. Each set is one array of pictures and a table with a line for each."""
import csv
import hashlib
import io
import os
import re

import cv2
import numpy as np

import data_screen

VOTES = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
BANDS = {"03-Sep": "3-9", "Oct-19": "10-19", "19-Oct": "10-19", "more than 70": "70+"}


def decode(content, flags=cv2.IMREAD_COLOR_RGB):
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    if picture is None:
        raise ValueError("not a picture")
    return picture


def table(content):
    """Rows of a CSV file of a repository."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def save(out, pictures, name, columns, lines):
    np.save(os.path.join(out, "faces.npy"), pictures)
    with open(os.path.join(out, name), "w", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([columns, *lines])


def row(context, source, path, n, picture, group):
    return "faces.npy[%d]" % n, context.origin(source, path), source["licence"], group, hashlib.sha256(picture.tobytes()).hexdigest()


def grey48(work):
    path, content = work
    picture = decode(content, cv2.IMREAD_GRAYSCALE)
    return path, picture if picture.shape == (48, 48) else cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA)


def ferplus(context, out):
    """FER2013's faces, grey [n 48 48], with the votes of FER+'s ten labellers."""
    source, labels = context.sources("ferplus")["ferplus"], context.sources("ferplus")["ferplus_votes"]
    kept = {int(i) for i in data_screen.kept_aside("ferplus")["fer_index"]}
    repository = context.repository(source)
    number = lambda name: int(re.search(r"fer(\d+)\.png$", name).group(1))
    there = {number(p): p for p in repository.list(*source["paths"]) if p.endswith(".png")}
    # Rows without a name have no picture, and count in no numbering.
    votes = {number(v["Image name"]): v for v in table(context.repository(labels).one(labels["paths"][0])) if v["Image name"]}
    prepared = context.map(grey48, repository.read([there[i] for i in sorted(there)]))
    found = dict(zip(sorted(there), (data_screen.hashes(p) for _, p in prepared)))
    # FER2013 holds many a picture twice.
    aside = data_screen.near(list(found.values()), [found[i][0] for i in kept if i in found], bits=1)
    wanted = [(i, *p) for i, p, out_of in zip(sorted(there), prepared, aside) if i in votes and not out_of]
    clusters = data_screen.clusters([found[i] for i, *_ in wanted], bits=0)
    pictures, lines, rows = [], [], []
    for n, (i, path, picture) in enumerate(wanted):
        pictures.append(picture)
        lines.append([i, votes[i]["Usage"]] + [votes[i][v] for v in VOTES])
        rows.append(row(context, source, path, n, picture, "fer_%05d" % clusters[n]))
    save(out, np.stack(pictures), "labels.csv", ["index", "usage"] + VOTES, lines)
    return rows, {"ferplus": len(rows), "ferplus kept aside": len(kept & set(there)), "ferplus alike to those": int(aside.sum()) - len(kept & set(there))}


def square112(work):
    path, content = work
    picture = decode(content)
    return path, picture if picture.shape == (112, 112, 3) else cv2.resize(picture, (112, 112), interpolation=cv2.INTER_AREA)


def fairface(context, out):
    """FairFace's train part, RGB [n 112 112 3], with band of age, gender and race."""
    source = context.sources("fairface")["fairface"]
    repository = context.repository(source)
    faces = set(repository.list(*source["paths"]))
    labels = {source["paths"][0].rsplit("/", 1)[0] + "/" + r["file"]: r for r in table(repository.one("fairface_label_train.csv"))}
    paths = [p for p in sorted(faces) if p in labels]
    pictures, lines, rows = np.empty((len(paths), 112, 112, 3), np.uint8), [], []
    for n, (path, picture) in enumerate(context.map(square112, repository.read(paths))):
        r = labels[path]
        pictures[n] = picture
        lines.append([r["file"], BANDS.get(r["age"], r["age"]), r["gender"], r["race"]])
        rows.append(row(context, source, path, n, picture, "fairface_" + os.path.basename(path).split(".")[0]))
    save(out, pictures, "labels.csv", ["file", "age", "gender", "race"], lines)
    return rows, {"fairface": len(rows), "fairface without labels": len(faces) - len(paths)}


def centre144(work):
    path, content = work
    picture = decode(content)
    y, x = (picture.shape[0] - 144) // 2, (picture.shape[1] - 144) // 2
    return path, picture[y:y + 144, x:x + 144]


def lfw(context, out):
    """LFW, deep-funneled, the central 144x144 of 250x250, RGB [n 144 144 3]; person and number of the picture."""
    source = context.sources("lfw")["lfw"]
    repository, kept = context.repository(source), set(data_screen.kept_aside("lfw")["person"])
    fold = fold_persons(repository.one("images_funneled/pairs.txt").decode(), 2)
    every = [p for p in repository.list(*source["paths"]) if re.search(r"_\d{4}\.jpg$", p)]
    person = {p: os.path.basename(p)[:-9] for p in every}
    paths = [p for p in every if person[p] not in kept | fold]
    pictures, lines, rows = np.empty((len(paths), 144, 144, 3), np.uint8), [], []
    for n, (path, picture) in enumerate(context.map(centre144, repository.read(paths))):
        pictures[n] = picture
        lines.append([person[path], int(path[-8:-4])])
        rows.append(row(context, source, path, n, picture, "lfw_" + person[path]))
    save(out, pictures, "names.csv", ["person", "number"], lines)
    return rows, {"lfw": len(rows), "lfw persons": len({r[0] for r in lines}),
                  "lfw kept aside": sum(person[p] in kept for p in every), "lfw of fold 2": sum(person[p] in fold - kept for p in every)}


def fold_persons(text, number):
    """Persons of one of the ten folds of View 2's pairs.txt; number counts from 1."""
    lines = text.splitlines()
    each = 2 * int(lines[0].split()[1])
    persons = set()
    for line in lines[1 + each * (number - 1):1 + each * number]:
        parts = line.split("\t")
        persons |= {parts[0]} if len(parts) == 3 else {parts[0], parts[2]}
    return persons


def utkface(context, out):
    """UTKFace, aligned and cropped, RGB [n 112 112 3]; names are age_gender_race_date."""
    source = context.sources("utkface")["utkface"]
    repository = context.repository(source)
    every = [p for p in repository.list(*source["paths"]) if p.endswith(".jpg")]
    paths = context.selected(source, every)
    pictures, lines, rows = np.empty((len(paths), 112, 112, 3), np.uint8), [], []
    for n, (path, picture) in enumerate(context.map(square112, repository.read(paths))):
        pictures[n] = picture
        lines.append([os.path.basename(path).split(".")[0] + ".jpg"])
        rows.append(row(context, source, path, n, picture, "utk_" + lines[-1][0][:-4]))
    save(out, pictures, "names.csv", ["name"], lines)
    return rows, {"utkface": len(rows), "utkface not chosen": len(every) - len(paths)}
