"""Makes the built-in footage of the demos on belts, lungs and faces: assets/demos/ID/clip.mjpeg and what is in it, truth.json.

usage: footage.py [--shared ../shared] [--work build/train] [--out assets/demos]

Belts and X-rays are drawn. Faces are means of at least composites.LEAST faces of UTKFace each (non-commercial research
use), so that they are nobody's, with drawn hair and clothes; all of this needs data/utkface.tar and
models/ultralight_face_landmark.tflite of the shared folder. NAME.json holds width, height, fps and, for each picture,
boxes of faces, "intact" or "damaged" ("" while damage is half in the picture), or what part of the
picture is lung.
"""
import argparse
import json
import os

import cv2
import numpy as np

import age_gender
import belt
import composites
import faces
import xray

FPS = 10


def stream(folder, demo, pictures, truth, quality=82):
    height, width = pictures[0].shape[:2]
    with open("%s/%s/clip.mjpeg" % (folder, demo), "wb") as f:
        for p in pictures:
            ok, jpeg = cv2.imencode(".jpg", np.clip(p, 0, 255).astype(np.uint8)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
            assert ok
            f.write(jpeg.tobytes())
    with open("%s/%s/truth.json" % (folder, demo), "w") as f:
        f.write('{"width":%d,"height":%d,"fps":%d,"frames":[' % (width, height, FPS))
        f.write(",\n".join(json.dumps(t, separators=(",", ":")) for t in truth) + "]}\n")


# Belts.

def moving_belt(frames=120):
    """A belt that runs upwards without end, with two tears in it."""
    width, height, step = 192, 144, 10
    length = frames * step
    r = np.random.default_rng(11)
    tone = 96.0
    p = np.full((length, width, 3), tone, np.float32) + np.array([-3, 0, 4], np.float32)
    for cell in (2, 6, 24):
        p += cv2.resize(r.standard_normal((length // cell, width // cell), np.float32), (width, length), interpolation=cv2.INTER_CUBIC)[..., None] * 2.2
    rows = np.arange(length, dtype=np.float32)[:, None, None]
    p += 7 * np.sign(np.sin(rows * 2 * np.pi / 24))
    y = length // 2 + 40  # a joint, which is no damage
    cv2.line(p, (0, y), (width, y + 5), [tone * 0.6] * 3, 2)
    for x in range(6, width, 14):
        cv2.circle(p, (x, y + 3), 2, [tone * 1.5] * 3, -1)
    damage = []
    for at, size in ((330, 92), (900, 104)):
        piece = p[at - 72:at + 72, 24:168].copy()
        belt.tear(piece, tone, np.random.default_rng(at), size)
        changed = np.flatnonzero(np.abs(piece - p[at - 72:at + 72, 24:168]).max((1, 2)) > 1)
        p[at - 72:at + 72, 24:168] = piece
        damage.append((at - 72 + changed.min(), at - 72 + changed.max()))
    p = np.concatenate([p, p[:height]])
    pictures, truth = [], []
    light = np.interp(np.arange(width), [0, width / 3, width], [0.82, 1.08, 0.86])[None, :, None]
    for i in range(frames):
        top = i * step
        window = p[top:top + height] * light + r.normal(0, 1.2, (height, width, 1))
        pictures.append(cv2.resize(window, (480, 360), interpolation=cv2.INTER_CUBIC))
        inside = [max(0, min(b, top + height) - max(a, top)) / (b - a) for a, b in damage]
        truth.append("damaged" if max(inside) > 0.9 else "intact" if max(inside) == 0 else "")
    return pictures, truth


# X-rays.

def light_box(patients=5, each=22):
    """Drawn X-rays one after the other, held a little unsteadily before the camera."""
    pictures, truth = [], []
    for n in range(patients):
        p, mask = xray.drawn(np.random.default_rng(40 + n))
        for i in range(each):
            t = 2 * np.pi * i / each
            m = cv2.getRotationMatrix2D((128, 128), 1.2 * np.sin(t), 1.72 + 0.02 * np.cos(t))
            m[:, 2] += [112 + 3 * np.sin(t), 92 + 2 * np.cos(2 * t)]
            pictures.append(cv2.warpAffine(p, m, (480, 440), flags=cv2.INTER_CUBIC))
            truth.append(round(float(cv2.warpAffine(mask.astype(np.float32), m, (480, 440)).mean()), 4))
    return pictures, truth


# Faces.

# Ages from and to, gender, colours of hair and clothes, whether the hair is long.
PEOPLE = {
    "woman": (20, 28, 1, (62, 42, 30), (150, 60, 70), True),
    "man": (28, 38, 0, (38, 30, 26), (50, 70, 110), False),
    "girl": (5, 9, 1, (120, 84, 46), (205, 150, 60), True),
    "old man": (65, 80, 0, (188, 186, 182), (70, 84, 74), False),
    "older woman": (40, 55, 1, (104, 62, 40), (60, 110, 120), True),
    "boy": (3, 8, 0, (96, 70, 44), (90, 140, 90), False),
}
# Who is seen when, where from and to (middle of the face), and how large: height of the face in parts of the picture's.
SCENES = [
    [("woman", (0.42, 0.46), (0.58, 0.44), 0.44)],
    [("man", (0.33, 0.42), (0.30, 0.40), 0.38), ("girl", (0.70, 0.56), (0.66, 0.53), 0.30)],
    [("old man", (0.20, 0.44), (0.24, 0.45), 0.33), ("older woman", (0.54, 0.40), (0.52, 0.42), 0.32), ("boy", (0.83, 0.58), (0.80, 0.55), 0.26)],
]
WIDE, TALL = 640, 480
HIGH = 760


def person(name, pictures, ages, genders, detector):
    """A figure [HIGH 400 4], RGB already weighted by the fourth, 0..1, its face in the middle of the width, and its box."""
    low, high, gender, hair, clothes, long = PEOPLE[name]
    chosen = np.flatnonzero((ages >= low) & (ages <= high) & (genders == gender))
    face, share = composites.composite(pictures[chosen[::max(len(chosen) // 120, 1)]], detector, 120)
    r = np.random.default_rng(len(name))
    out, alpha = np.zeros((HIGH, 400, 3), np.float32), np.zeros((HIGH, 400), np.float32)
    skin = face[205:225, 110:210].mean((0, 1)) * 0.92
    middle, top = 200, 30  # of the composite's place in the figure: x of its middle, y of its upper edge
    soft = lambda m, s: cv2.GaussianBlur(m, (0, 0), s)

    def lay(mask, colour):
        nonlocal out, alpha
        m = mask[..., None]
        out = colour * m + out * (1 - m)
        alpha = mask + alpha * (1 - mask)

    def shape(points, blur):
        m = np.zeros((HIGH, 400), np.float32)
        cv2.fillPoly(m, [np.array(points, np.int32)], 1, cv2.LINE_AA)
        return soft(m, blur)

    def ellipse(centre, axes, blur, start=0, end=360):
        m = np.zeros((HIGH, 400), np.float32)
        cv2.ellipse(m, centre, axes, 0, start, end, 1, -1, cv2.LINE_AA)
        return soft(m, blur)
    strands = cv2.GaussianBlur(r.normal(0, 1, (HIGH, 400)).astype(np.float32), (0, 0), sigmaX=1.2, sigmaY=14)[..., None]
    hairy = np.array(hair, np.float32) * (1 + 1.6 * strands)
    if long:
        lay(ellipse((middle, top + 166), (110, 130), 5), hairy)
        lay(shape([(middle - 112, top + 150), (middle + 112, top + 150), (middle + 104, top + 330), (middle - 104, top + 330)], 8), hairy)
    lay(shape([(middle - 44, top + 230), (middle + 44, top + 230), (middle + 58, 480), (middle - 58, 480)], 4), skin * 0.86)
    cloth = np.maximum(ellipse((middle, top + 440), (176, 118), 4), shape([(middle - 176, top + 440), (middle + 176, top + 440), (middle + 176, HIGH), (middle - 176, HIGH)], 4))
    lay(cloth, np.array(clothes, np.float32) * (1 + 0.25 * strands))
    placed, given = np.zeros((HIGH, 400, 3), np.float32), np.zeros((HIGH, 400), np.float32)
    placed[top:top + 320, middle - 160:middle + 160], given[top:top + 320, middle - 160:middle + 160] = face, share[..., 0]
    lay(given, placed)
    crown = ellipse((middle, top + 143), (101, 110), 3) * (1 - ellipse((middle, top + 196), (84, 88), 6))
    crown *= np.clip((480 - np.arange(HIGH)) / (480 - top - 190), 0, 1)[:, None] ** (1 if long else 6)
    lay(crown, hairy)
    return np.dstack([out, alpha]), (middle, top + 178, 132, 172)


def room():
    """A plain room, light from the left."""
    y, x = np.mgrid[:TALL, :WIDE].astype(np.float32)
    p = np.array([176, 180, 178], np.float32) * (1.06 - 0.3 * x / WIDE - 0.12 * (y / TALL) ** 2)[..., None]
    window = np.zeros((TALL, WIDE), np.float32)
    cv2.rectangle(window, (30, 40), (150, 220), 1, -1)
    cv2.line(window, (90, 40), (90, 220), 0.4, 5)
    p += cv2.GaussianBlur(window, (0, 0), 4)[..., None] * [52, 58, 66]
    shelf = np.zeros((TALL, WIDE), np.float32)
    cv2.rectangle(shelf, (500, 90), (620, 98), 1, -1)
    p -= cv2.GaussianBlur(shelf, (0, 0), 2)[..., None] * [70, 84, 96]
    return p


def visitors(shared, work, each=40):
    """People of several ages before the camera, alone and together."""
    pictures, names = faces.read(shared + "/data/utkface.tar", work)
    ages, genders = age_gender.people(names)[:, [0, 2]].T
    detector, ground, r = faces.landmark_detector(shared), room(), np.random.default_rng(2)
    figures = {name: person(name, pictures, ages, genders, detector) for name in PEOPLE}
    out, truth = [], []
    for scene in SCENES:
        for i in range(each):
            t = i / (each - 1)
            p, boxes = ground + r.normal(0, 1.5, (TALL, WIDE, 1)), []
            for n, (name, start, end, size) in enumerate(scene):
                figure, (cx, cy, w, h) = figures[name]
                scale = size * TALL / h * (1 + 0.04 * np.sin(2 * np.pi * t + n))
                at = np.array([WIDE, TALL]) * (np.array(start) + (np.array(end) - start) * (0.5 - 0.5 * np.cos(np.pi * t)))
                at[1] += 3 * np.sin(6 * np.pi * t + 2 * n)
                m = cv2.getRotationMatrix2D((cx, cy), 3 * np.sin(2 * np.pi * t + n), scale)
                m[:, 2] += at - [cx, cy]
                moved = cv2.warpAffine(figure, m, (WIDE, TALL), flags=cv2.INTER_AREA)
                p = moved[..., :3] + p * (1 - moved[..., 3:])
                low, high, gender = PEOPLE[name][:3]
                box = [at[0] - w * scale / 2, at[1] - h * scale / 2, at[0] + w * scale / 2, at[1] + h * scale / 2]
                boxes.append({"class": "face", **{k: int(round(v)) for k, v in zip(("x0", "y0", "x1", "y1"), box)},
                              "age": [low, high], "gender": ["male", "female"][gender]})
            out.append(p)
            truth.append(boxes)
    return out, truth


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", default="../shared")
    parser.add_argument("--work", default="build/train")
    parser.add_argument("--out", default="assets/demos")
    a = parser.parse_args()
    os.makedirs(a.work, exist_ok=True)
    stream(a.out, "belt", *moving_belt())
    stream(a.out, "lungs", *light_box())
    stream(a.out, "age-gender", *visitors(a.shared, a.work))


if __name__ == "__main__":
    main()
