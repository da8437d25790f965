"""Makes the fonts of this folder: of Noto Sans CJK only the characters that the
app needs, so that they fit into it.

    python3 assets/font/subset.py FOLDER

FOLDER has NotoSansCJK-Regular.ttc and NotoSansCJK-Bold.ttc, of Debian's package
fonts-noto-cjk 1:20220127+repack1-1. `make fonts` fetches that and runs this.

A font gets the characters of its language's translations and demos, those of the common
scripts beside it, and the commonest for people's names: level 1 of JIS X 0208
for Japanese, of GB 2312 for Chinese.
"""
import json
import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = pathlib.Path(__file__).parent
FACES = {"ja": 0, "zh": 2}  # places in the collection

COMMON = [(0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x2027), (0x2030, 0x203A), (0x2190, 0x2193), (0x2200, 0x2212),
          (0x25A0, 0x25CF), (0x3000, 0x30FF), (0xFF01, 0xFF5E), (0x20AC, 0x20AC), (0xB0, 0xB0), (0xD7, 0xD7)]


def level1(encoding, rows):
    """The characters of a double-byte set's first level, row by row."""
    for row in rows:
        for cell in range(0xA1, 0xFF):
            try:
                yield bytes([row, cell]).decode(encoding)
            except UnicodeDecodeError:
                pass


NAMES = {"ja": lambda: level1("euc_jp", range(0xB0, 0xD0)), "zh": lambda: level1("gb2312", range(0xB0, 0xD8))}


def characters(tag):
    wanted = {chr(c) for first, last in COMMON for c in range(first, last + 1)}
    wanted.update("日本語中文言語语")
    words = json.loads((HERE.parent / "lang" / f"{tag}.json").read_text(encoding="utf-8"))
    wanted.update("".join(words.values()))
    for demo in HERE.parent.glob("demos/*/demo.json"):
        wanted.update("".join(json.loads(demo.read_text(encoding="utf-8"))["text"][tag].values()))
    wanted.update(NAMES[tag]())
    return wanted


def main():
    folder = pathlib.Path(sys.argv[1])
    for tag, number in FACES.items():
        for weight in ("Regular", "Bold"):
            options = subset.Options(hinting=False, layout_features=[], name_IDs=[0, 1, 2, 13, 14], glyph_names=False, notdef_outline=True,
                                     drop_tables=["VORG", "vhea", "vmtx", "BASE", "GSUB", "GPOS", "GDEF"], recalc_timestamp=False)
            font = TTFont(folder / f"NotoSansCJK-{weight}.ttc", fontNumber=number, recalcTimestamp=False)
            subsetter = subset.Subsetter(options)
            subsetter.populate(text="".join(sorted(characters(tag))))
            subsetter.subset(font)
            out = HERE / f"{tag}-{weight.lower()}.otf"
            font.save(out)
            print(out.name, out.stat().st_size)


if __name__ == "__main__":
    main()
