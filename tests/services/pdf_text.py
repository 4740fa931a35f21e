"""What stands on each page of a PDF that Chromium made: its lines, by how far down they stand."""

from __future__ import annotations

import re
import zlib

OBJECT = re.compile(rb"(?<!\d)(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
FONTS = re.compile(rb"/Font <<(.*?)>>", re.DOTALL)
REFERENCE = re.compile(rb"/(\w+) (\d+) 0 R")
TO_UNICODE = re.compile(rb"/ToUnicode (\d+) 0 R")
CONTENTS = re.compile(rb"/Contents (\d+) 0 R")
TEXT = re.compile(
    rb"/(?P<font>\w+) [\d.]+ Tf|[-\d.]+ [-\d.]+ [-\d.]+ [-\d.]+ [-\d.]+ (?P<down>[-\d.]+) Tm|<(?P<glyphs>[0-9A-F]+)> Tj"
)
HEX = re.compile(rb"<([0-9A-F]+)>")


def pages(pdf: bytes) -> list[dict[float, str]]:
    """By page its lines: how far down a line stands, and its letters as they were drawn."""
    objects = dict(OBJECT.findall(pdf))
    return [_lines(body, objects) for body in objects.values() if re.match(rb"<</Type /Page\s", body)]


def _lines(page: bytes, objects: dict[bytes, bytes]) -> dict[float, str]:
    fonts = {
        name: _letters(objects[number], objects)
        for listed in FONTS.findall(page)
        for name, number in REFERENCE.findall(listed)
    }
    lines: dict[float, str] = {}
    letters: dict[int, str] = {}
    down = 0.0
    for token in TEXT.finditer(_content(page, CONTENTS, objects)):
        if token["font"]:
            letters = fonts[token["font"]]
        elif token["down"]:
            down = float(token["down"])
        else:
            glyphs = token["glyphs"]
            numbers = [int(glyphs[place : place + 4], 16) for place in range(0, len(glyphs), 4)]
            lines[down] = lines.get(down, "") + "".join(letters.get(number, "?") for number in numbers)
    return lines


def _letters(font: bytes, objects: dict[bytes, bytes]) -> dict[int, str]:
    """The letter of each glyph, by the font's own table."""
    table = _content(font, TO_UNICODE, objects)
    letters: dict[int, str] = {}
    for kind, block in re.findall(rb"begin(bfchar|bfrange)\n(.*?)\nend", table, re.DOTALL):
        for line in block.splitlines():
            codes = HEX.findall(line)
            first, last = int(codes[0], 16), int(codes[1 if kind == b"bfrange" else 0], 16)
            text = bytes.fromhex(codes[-1].decode()).decode("utf-16-be")
            for number in range(first, last + 1):
                letters[number] = text[:-1] + chr(ord(text[-1]) + number - first)
    return letters


def _content(body: bytes, reference: re.Pattern[bytes], objects: dict[bytes, bytes]) -> bytes:
    found = reference.search(body)
    stream = STREAM.search(objects[found[1]]) if found else None
    return zlib.decompress(stream[1]) if stream else b""
