"""Looks into a bundle that a kiosk made for a report of a fault.

    python3 packaging/test/bundle.py FILE.zip NAME

NAME is enrolled and has been written to the kernel's log.
"""

import sys
import zipfile


def main(path, name):
    with zipfile.ZipFile(path) as archive:
        texts = {n.removeprefix("report/"): archive.read(n).decode() for n in archive.namelist()}
    missing = texts["missing.txt"]
    wanted = {"log.txt": "window shown", "kernel.txt": "(person) came by", "service.txt": "reterminal-vision.service"}
    wrong = [f"{n} lacks {word!r}" for n, word in wanted.items() if word not in texts.get(n, "")]
    wrong += [f"{n} tells {word!r}" for n, text in texts.items() for word in {name, name.split()[-1]} if word in text]
    settings = [n for n in texts if n.endswith("settings.json") and '"keep": 30' in texts[n]]
    if not settings:
        wrong.append("the kiosk's settings are missing")
    print(f"{path}: {len(texts)} files; missing: {missing.strip().replace(chr(10), '; ')}")
    for line in wrong:
        print("  " + line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(*sys.argv[1:])
