"""Gets the pictures that the recipes learn from, out of public repositories at pinned commits, and prepares them.

usage: data.py [--from DIR] [--out build/data] [--shared ../shared] [SET ...]

Without --from each repository is cloned partially, only the commit and the files that are read (git 2.36 or newer, about
1.7 GB in all); with it DIR holds clones as OWNER+NAME/repo or OWNER/NAME. data_sources.json says for each source the
repository, commit, folders, licence and use, and how many pictures came of it; kept_aside.csv what is left out, for
measuring. Out: a folder for each set, and manifest.csv: set, file, source, licence, group (what has to stay together when
sources are left out) and SHA-256 of each picture. A finished set is skipped; remove its folder to get it anew.
"""
import argparse
import base64
import csv
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import zlib

for library in ("OPENBLAS", "OMP"):
    os.environ.setdefault(library + "_NUM_THREADS", "1")  # two processes share the work already

import cv2
import numpy as np

import data_faces
import data_git
import data_other
import data_vehicles

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "data_sources.json")
COLUMNS = ["set", "file", "source", "licence", "group", "sha256"]
SETS = {"vehicles": data_vehicles.build, "lung": data_other.lung, "ferplus": data_faces.ferplus, "fairface": data_faces.fairface,
        "lfw": data_faces.lfw, "spoof": data_other.spoof, "utkface": data_faces.utkface, "belt": data_other.belt,
        "belt_intact": data_other.belt_intact, "facebox": data_other.facebox}


class Mismatch(Exception):
    """A set that is not what was recorded."""


class Context:
    """What building a set needs: the table of sources, where they are, and two processes."""

    def __init__(self, table, copies, shared, work, pool):
        self.table, self.copies, self.shared, self.work, self.pool = table, copies, shared, work, pool

    def sources(self, name):
        return {k: v for k, v in self.table["sources"].items() if v["set"] == name}

    def repository(self, source):
        return data_git.Repository(source["repository"], source["commit"], self.copies, self.work)

    def archive(self, name):
        """The path of an archive of the shared folder, checked."""
        return data_git.archive(self.shared, name, self.table["archives"][name])

    @staticmethod
    def selected(source, paths):
        """Those of the sorted paths whose bit is set in the source's "selection", most significant first; all without one."""
        if "selection" not in source:
            return paths
        packed = np.frombuffer(zlib.decompress(base64.b64decode(source["selection"])), np.uint8)
        return [p for p, bit in zip(paths, np.unpackbits(packed)) if bit]

    def map(self, function, works):
        return list(self.pool.imap(function, works, chunksize=8))

    @staticmethod
    def origin(source, path):
        return "%s@%s:%s" % (source["repository"], source["commit"], path)

    @staticmethod
    def write(folder, name, content):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)


def prepare(name, context, out):
    """Builds one set beside its place and moves it there when it is complete and as recorded."""
    folder, part = os.path.join(out, name), os.path.join(out, name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part)
    rows, counts = SETS[name](context, part)
    rows = sorted((name, *row) for row in rows)
    with open(os.path.join(part, "manifest.csv"), "w", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([COLUMNS] + rows)
    found = {"counts": counts, "manifest_sha256": digest(rows)}
    with open(os.path.join(part, "counts.json"), "w") as f:
        json.dump(found, f, indent=1)
    check(name, context.table["sets"].get(name), found, part)
    os.rename(part, folder)
    return found


def digest(rows):
    """SHA-256 over a set's sorted rows of the manifest."""
    return hashlib.sha256("\n".join(",".join(r) for r in rows).encode()).hexdigest()


def check(name, recorded, found, part):
    if recorded in (None, found):
        return
    wrong = ["%s: %s, not %s" % (k, found["counts"].get(k, 0), recorded["counts"].get(k, 0))
             for k in sorted({*found["counts"], *recorded["counts"]}) if found["counts"].get(k) != recorded["counts"].get(k)]
    raise Mismatch("%s is not what was recorded: %s. It is left in %s. Use the packages of requirements.txt (another OpenCV decodes and scales "
                   "otherwise) and the commits of data_sources.json; where the change is wanted, call with --record." % (
                       name, "; ".join(wrong) or "the same counts, other pictures", part))


def join(out):
    """Writes manifest.csv of all finished sets."""
    rows = []
    for name in SETS:
        path = os.path.join(out, name, "manifest.csv")
        if os.path.exists(path):
            with open(path, newline="") as f:
                rows += list(csv.reader(f))[1:]
    path = os.path.join(out, "manifest.csv")
    with open(path + ".part", "w", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([COLUMNS] + rows)
    os.rename(path + ".part", path)


def record(name, found):
    """Notes what came out of a set in data_sources.json."""
    with open(SOURCES) as f:
        table = json.load(f)
    table["sets"][name] = found
    with open(SOURCES, "w") as f:
        json.dump(table, f, indent=1)
        f.write("\n")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(SETS))
    parser.add_argument("--from", dest="copies", metavar="DIR", help="folder of clones, instead of the network")
    parser.add_argument("--out", default="build/data")
    parser.add_argument("--shared", default="../shared", help="folder of archives that no public repository holds in one piece")
    parser.add_argument("--record", action="store_true", help="note counts and hashes instead of checking them")
    a = parser.parse_args()
    for name in a.sets:
        if name not in SETS:
            parser.error("no set is called %s: choose from %s" % (name, ", ".join(SETS)))
    return a


def main():
    a = arguments()
    with open(SOURCES) as f:
        table = json.load(f)
    if a.record:
        table["sets"] = {}
    os.makedirs(a.out, exist_ok=True)
    failed = 0
    with multiprocessing.Pool(2, cv2.setNumThreads, (1,)) as pool:
        context = Context(table, a.copies, a.shared, os.path.join(a.out, "clones"), pool)
        for name in a.sets or SETS:
            if os.path.exists(os.path.join(a.out, name, "manifest.csv")):
                print("%s: already there" % name)
                continue
            try:
                found = prepare(name, context, a.out)
            except (data_git.MissingSource, Mismatch) as error:
                print("%s: %s" % (name, error), file=sys.stderr)
                failed = 1
                continue
            if a.record:
                record(name, found)
            join(a.out)
            print("%s: %s" % (name, ", ".join("%s %s" % kv for kv in found["counts"].items())), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
