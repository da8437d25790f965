"""What cameras do to pictures, for the alterations of training.

In and out: RGB bytes [height width 3].
"""
import cv2
import numpy as np


def noisy(p, strength):
    """With noise of this standard deviation, in steps of bytes."""
    noise = np.empty(p.shape, np.int16)
    cv2.randn(noise, 0, strength)
    return cv2.add(p, noise, dtype=cv2.CV_8U)


def compressed(p, quality):
    """As JPEG of this quality, 0..100, leaves it."""
    return cv2.imdecode(cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
