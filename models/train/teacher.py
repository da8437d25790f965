"""The teacher of the face embedding: dlib's face recognition network, public domain (CC0), from PyPI.

In: pictures that one face fills, RGB bytes. Out: the teacher's 128 numbers for each, and the same faces aligned to the
five-point template of 112x112 that the student sees.

The teacher wants faces aligned by dlib's own five landmarks (eye corners and base of the nose; also CC0) to 150x150
with a quarter of padding; the student gets them aligned by the detector that the app uses at run time.
"""
import importlib.util
import os

import cv2
import dlib
import numpy as np

import faces

BORDER = 48  # pixels of stretched edge round a picture enlarged to 224


def model_file(name):
    package = importlib.util.find_spec("face_recognition_models").submodule_search_locations[0]
    return os.path.join(package, "models", name)


class Teacher:
    def __init__(self):
        self.points = dlib.shape_predictor(model_file("shape_predictor_5_face_landmarks.dat"))
        self.net = dlib.face_recognition_model_v1(model_file("dlib_face_recognition_resnet_model_v1.dat"))

    def chip(self, picture, landmarks):
        """The face at 150x150 as the teacher wants it; landmarks tell where it is."""
        scale = 224 / picture.shape[0]
        big = cv2.copyMakeBorder(cv2.resize(picture, (224, 224)), *[BORDER] * 4, cv2.BORDER_REPLICATE)
        # dlib's boxes are about 2.3 times as wide as the eyes are apart and centred on the nose's bridge.
        x, y = (landmarks[:3].mean(0) * scale + BORDER).tolist()
        half = 1.15 * float(np.linalg.norm(landmarks[1] - landmarks[0])) * scale
        place = dlib.rectangle(int(x - half), int(y - half), int(x + half), int(y + half))
        return dlib.get_face_chip(big, self.points(big, place), 150, 0.25)

    def __call__(self, chips):
        return np.array(self.net.compute_face_descriptor(chips, 0), np.float32)


def teach(pictures, shared, kept):
    """Numbers of the pictures in which a face was found, those faces aligned, and the teacher's embeddings of them.

    Finished parts are remembered in files whose names begin with kept, so that work goes on where it was left.
    """
    teacher, detector, parts = Teacher(), faces.landmark_detector(shared), []
    for first in range(0, len(pictures), 500):
        path = "%s_%05d.npz" % (kept, first)
        if not os.path.exists(path):
            numbers, small, chips = [], [], []
            for i in range(first, min(first + 500, len(pictures))):
                picture = np.ascontiguousarray(pictures[i])
                found = faces.best_face(detector, picture)
                if found:
                    numbers.append(i)
                    small.append(faces.aligned(picture, found[1]))
                    chips.append(teacher.chip(picture, found[1]))
            np.savez(path, numbers=numbers, faces=small, targets=teacher(chips))
        parts.append(np.load(path))
    return tuple(np.concatenate([p[k] for p in parts]) for k in ("numbers", "faces", "targets"))
