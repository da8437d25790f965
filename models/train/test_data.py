"""Tests of data.py and its parts, on pictures and repositories made here."""
import csv
import json
import os
import subprocess
import tempfile
import unittest

import cv2
import numpy as np

import data
import data_faces
import data_git
import data_other
import data_screen
import data_vehicles


def noise(seed, h=120, w=160):
    """A smooth random picture, as hashes want them."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC)


def jpeg(picture):
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def repository(folder, files):
    """A git repository OWNER+NAME/repo with the files (path -> bytes); its commit."""
    place = os.path.join(folder, "owner+name", "repo")
    for path, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(place, path)), exist_ok=True)
        with open(os.path.join(place, path), "wb") as f:
            f.write(content)
    for command in (["init", "--quiet"], ["add", "."], ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "t"]):
        subprocess.run(["git", "-C", place, *command], check=True)
    return subprocess.run(["git", "-C", place, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()


class Screen(unittest.TestCase):
    def test_hash_of_ramps(self):
        ramp = np.tile(np.arange(0, 180, 2, np.uint8), (80, 1))
        self.assertEqual(data_screen.dhash(ramp), 0)
        self.assertEqual(data_screen.dhash(ramp[:, ::-1]), 2 ** 64 - 1)

    def test_hash_of_rows(self):
        """Bits go row by row, the first the most significant."""
        grey = np.tile(np.arange(9, dtype=np.uint8), (8, 1))
        grey[0] = grey[0, ::-1]
        self.assertEqual(data_screen.dhash(grey), 0xff << 56)

    def test_altered_copies_are_near(self):
        picture = noise(1)
        kept = [data_screen.dhash(picture)]
        smaller = cv2.resize(picture, (80, 60), interpolation=cv2.INTER_AREA)
        found = [data_screen.hashes(p) for p in (picture, smaller[:, ::-1], noise(2))]
        self.assertEqual(data_screen.near(found, kept).tolist(), [True, True, False])
        self.assertEqual(data_screen.near(found, []).tolist(), [False] * 3)

    def test_clusters(self):
        found = [data_screen.hashes(p) for p in (noise(1), noise(2), noise(1)[:, ::-1], noise(3))]
        a = data_screen.clusters(found)
        self.assertEqual(a[0], a[2])
        self.assertEqual(len(set(a)), 3)
        b = data_screen.clusters(found, [None, "clip", None, "clip"])
        self.assertEqual(b[1], b[3])
        self.assertEqual(len(set(b)), 2)

    def test_kept_aside(self):
        self.assertEqual(len(data_screen.kept_aside("vehicles")["dhash"]), 203)
        self.assertIn("Abel_Pacheco", data_screen.kept_aside("lfw")["person"])


class Vehicles(unittest.TestCase):
    def test_boxes_and_polygons(self):
        found = data_vehicles.boxes("0 0.5 0.5 0.2 0.4\n3 0.1 0.1 0.1 0.1\n\n1 0.1 0.2 0.5 0.2 0.3 0.6\n", {"0": 2, "1": 0})
        np.testing.assert_allclose(found, [[2, 0.4, 0.3, 0.6, 0.7], [0, 0.1, 0.2, 0.5, 0.6]])
        self.assertEqual(data_vehicles.boxes("", {}).shape, (0, 5))

    def test_bars_are_cut_off(self):
        picture = np.zeros((200, 200, 3), np.uint8)
        picture[40:160] = 200
        place = data_vehicles.content(picture)
        self.assertEqual(place, (0, 42, 200, 158))
        cut, found = data_vehicles.crop(picture, np.array([[0, 0.25, 0.3, 0.5, 0.5], [1, 0, 0, 0.5, 0.1]]), place)
        self.assertEqual(cut.shape[:2], (116, 200))
        np.testing.assert_allclose(found, [[0, 0.25, 18 / 116, 0.5, 58 / 116]])

    def test_dark_pictures_stay_whole(self):
        night = np.zeros((200, 200, 3), np.uint8)
        self.assertEqual(data_vehicles.content(night), (0, 0, 200, 200))
        night[150:] = 200  # dark above only
        self.assertEqual(data_vehicles.content(night), (0, 0, 200, 200))

    def test_names(self):
        self.assertEqual(data_vehicles.photograph("a/images/12_jpg.rf.0a1b.jpg"), "12_jpg")
        self.assertEqual(data_vehicles.recording("a/Video3_12.jpg", r"(Video\d+)_"), "Video3")
        self.assertIsNone(data_vehicles.recording("a/00 (1).jpg", r"(Video\d+)_"))
        self.assertIsNone(data_vehicles.recording("a/00 (1).jpg", None))

    def test_choice(self):
        """Of three copies two, of equal ones one; nothing like a kept picture, no copy of it, no frame of its recording."""
        kept = noise(9)
        turned = cv2.warpAffine(kept, cv2.getRotationMatrix2D((80, 60), 25, 1), (160, 120))
        pictures = [("x/images/a.rf.%d.jpg" % i, noise(1) // 2 + i) for i in range(3)] + [("x/images/k.rf.1.jpg", kept), ("x/images/k.rf.2.jpg", turned),
                                                                             ("x/images/clip_1.jpg", noise(4)), ("x/images/b.jpg", noise(5)),
                                                                             ("x/images/b.rf.2.jpg", noise(5))]
        prepared = [data_vehicles.prepare((p, jpeg(c), "", {}, False)) for p, c in pictures]
        groups, chosen, aside = data_vehicles.choose(prepared, {"kept_recordings": "(clip)_"}, [data_screen.dhash(kept)])
        self.assertEqual([pictures[i][0] for i in chosen], ["x/images/a.rf.0.jpg", "x/images/a.rf.1.jpg", "x/images/b.jpg"])
        self.assertEqual(aside, 3)
        self.assertEqual(groups[0], groups[1])


class Faces(unittest.TestCase):
    def test_fold(self):
        text = "2\t1\nA\t1\t2\nB\t1\tC\t1\nD\t1\t2\nE\t1\tF\t3\n"
        self.assertEqual(data_faces.fold_persons(text, 1), {"A", "B", "C"})
        self.assertEqual(data_faces.fold_persons(text, 2), {"D", "E", "F"})

    def test_bands_of_the_spreadsheet(self):
        self.assertEqual([data_faces.BANDS[b] for b in ("03-Sep", "Oct-19", "more than 70")], ["3-9", "10-19", "70+"])


class Other(unittest.TestCase):
    def test_spread(self):
        paths = ["db/ClientRaw/%s/%03d.jpg" % (person, i) for person in ("0001", "0003") for i in range(200)]
        chosen, aside = data_other.spread(paths, {"0003"}, 5)
        self.assertEqual([p[-7:-4] for p in chosen], ["000", "050", "100", "149", "199"])
        self.assertEqual(aside, 200)


class Sets(unittest.TestCase):
    """A set out of a repository, whole."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.out = folder.name, os.path.join(folder.name, "out")
        files = {}
        for i in range(3):
            files["v/train/images/p%d.jpg" % i] = jpeg(noise(i, 600, 800))
            files["v/train/labels/p%d.txt" % i] = b"1 0.5 0.5 0.25 0.5\n7 0.1 0.1 0.1 0.1\n"
        commit = repository(self.folder, files)
        source = {"set": "vehicles", "repository": "owner/name", "commit": commit, "paths": ["v"], "licence": "CC BY 4.0", "classes": {"1": 0}}
        self.table = {"sources": {"ab": source}, "sets": {}, "archives": {}}
        self.context = data.Context(self.table, self.folder, self.folder, self.folder, Here())

    def test_layout_and_manifest(self):
        found = data.prepare("vehicles", self.context, self.out)
        data.join(self.out)
        self.assertEqual(found["counts"], {"ab": 3, "ab kept aside": 0, "ab boxes": 3})
        picture = cv2.imread(self.out + "/vehicles/ab_00001.jpg")
        self.assertEqual(picture.shape, (336, 448, 3))
        with open(self.out + "/vehicles/ab_00001.txt") as f:
            self.assertEqual(f.read(), "0 0.500000 0.500000 0.250000 0.500000\n")
        with open(self.out + "/manifest.csv") as f:
            rows = list(csv.DictReader(f))
        self.assertEqual([r["file"] for r in rows], ["ab_00001.jpg", "ab_00002.jpg", "ab_00003.jpg"])
        self.assertEqual(rows[0]["source"], "owner/name@%s:v/train/images/p0.jpg" % self.table["sources"]["ab"]["commit"])
        self.assertEqual(len({r["group"] for r in rows}), 3)

    def test_what_was_recorded_is_checked(self):
        self.table["sets"]["vehicles"] = {"counts": {"ab": 2, "ab kept aside": 0, "ab boxes": 3}, "manifest_sha256": ""}
        with self.assertRaisesRegex(data.Mismatch, "vehicles is not what was recorded: ab: 3, not 2.*requirements.txt"):
            data.prepare("vehicles", self.context, self.out)
        self.assertFalse(os.path.exists(self.out + "/vehicles"))

    def test_twice_the_same(self):
        first = data.prepare("vehicles", self.context, self.out)
        os.rename(self.out, self.out + "1")
        self.table["sets"]["vehicles"] = first
        self.assertEqual(data.prepare("vehicles", self.context, self.out), first)

    def test_missing_repository_and_commit(self):
        with self.assertRaisesRegex(data_git.MissingSource, "other/name: no copy below"):
            data_git.Repository("other/name", "0" * 40, self.folder)
        with self.assertRaisesRegex(data_git.MissingSource, "commit 0000.*fetch that commit"):
            data_git.Repository("owner/name", "0" * 40, self.folder)

    def test_partial_clone(self):
        """What is fetched without --from is the same, from a server that allows partial clones."""
        place = os.path.join(self.folder, "owner+name", "repo")
        for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
            subprocess.run(["git", "-C", place, "config", key, "true"], check=True)
        os.makedirs(self.folder + "/host/owner")
        os.symlink(place, self.folder + "/host/owner/name")
        host, data_git.HOST = data_git.HOST, "file://" + self.folder + "/host/"
        self.addCleanup(setattr, data_git, "HOST", host)
        clone = data_git.Repository("owner/name", self.table["sources"]["ab"]["commit"], None, self.folder + "/clones")
        paths = clone.list("v/train/images")
        local = data_git.Repository("owner/name", clone.commit, self.folder)
        self.assertEqual(list(clone.read(paths)), list(local.read(paths)))

    def test_archive(self):
        os.makedirs(self.folder + "/data")
        with open(self.folder + "/data/a.tar", "wb") as f:
            f.write(b"a")
        with self.assertRaisesRegex(data_git.MissingSource, "has the SHA-256 ca97.*, not 00"):
            data_git.archive(self.folder, "a.tar", "00")
        with self.assertRaisesRegex(data_git.MissingSource, "b.tar is not there.*--shared"):
            data_git.archive(self.folder, "b.tar", "00")


class Table(unittest.TestCase):
    def test_sources_are_complete(self):
        with open(data.SOURCES) as f:
            table = json.load(f)
        self.assertEqual({s["set"] for s in table["sources"].values()}, set(data.SETS))
        for name, source in table["sources"].items():
            self.assertRegex(source["commit"], "^[0-9a-f]{40}$", name)
            self.assertTrue(source["licence"] and source["use"] and source["paths"], name)
        self.assertEqual(set(table["sets"]), set(data.SETS))


class Here:
    """Stands for the two processes."""

    @staticmethod
    def imap(function, works, chunksize):
        return map(function, works)


if __name__ == "__main__":
    unittest.main()
