"""Times how soon a touch shows: presses at a place of the screen again and
again, and looks until a pixel there has another colour.

    DISPLAY=:1 python3 tap_time.py X Y [TIMES] prints the times as a JSON list of milliseconds.

It speaks to the X server through libX11 and libXtst, with nothing else between
the press and the look, at what costs some 0.1 ms.
"""
import ctypes as c
import json
import random
import sys
import time

x11, tst = c.CDLL("libX11.so.6"), c.CDLL("libXtst.so.6")
x11.XOpenDisplay.restype = c.c_void_p
x11.XDefaultRootWindow.restype = c.c_ulong
x11.XDefaultRootWindow.argtypes = [c.c_void_p]
x11.XGetImage.restype = c.c_void_p
x11.XGetImage.argtypes = [c.c_void_p, c.c_ulong, c.c_int, c.c_int, c.c_uint, c.c_uint, c.c_ulong, c.c_int]
x11.XDestroyImage.argtypes = [c.c_void_p]
x11.XFlush.argtypes = [c.c_void_p]
tst.XTestFakeButtonEvent.argtypes = [c.c_void_p, c.c_uint, c.c_int, c.c_ulong]
tst.XTestFakeMotionEvent.argtypes = [c.c_void_p, c.c_int, c.c_int, c.c_int, c.c_ulong]

ALL_PLANES, Z_PIXMAP = (1 << 64) - 1, 2
DATA = 16  # of struct XImage, after four ints


def pixel(display, root, x, y):
    image = x11.XGetImage(display, root, x, y, 1, 1, ALL_PLANES, Z_PIXMAP)
    data = c.cast(image + DATA, c.POINTER(c.POINTER(c.c_uint32)))[0]
    value = data[0]
    x11.XDestroyImage(image)
    return value


def press(display, down):
    tst.XTestFakeButtonEvent(display, 1, down, 0)
    x11.XFlush(display)


def main():
    x, y = int(sys.argv[1]), int(sys.argv[2])
    times = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    display = x11.XOpenDisplay(None)
    root = x11.XDefaultRootWindow(display)
    tst.XTestFakeMotionEvent(display, -1, x, y, 0)
    x11.XFlush(display)
    time.sleep(0.5)
    idle = pixel(display, root, x, y)
    took = []
    for _ in range(times):
        start = time.perf_counter()
        press(display, 1)
        while pixel(display, root, x, y) == idle:
            if time.perf_counter() - start > 3:
                sys.exit(f"after {len(took)} presses: nothing changed at {x},{y} within 3 s")
        took.append(round(1000 * (time.perf_counter() - start), 2))
        press(display, 0)
        deadline = time.perf_counter() + 3
        while pixel(display, root, x, y) != idle and time.perf_counter() < deadline:
            time.sleep(0.005)
        time.sleep(random.uniform(0.05, 0.2))
    print(json.dumps(took))


main()
