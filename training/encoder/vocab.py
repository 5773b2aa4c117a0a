"""Chooses the pieces that stay.

What our permissive train rows use, every single character of the languages'
scripts (so that a text falls back to characters before it falls to unknown), and
for the languages of which the rows hold little the pieces of their script that
the base's own scores rank highest.
"""

import collections
import unicodedata

import numpy as np

import data

SEEN = 3  # a piece that occurs less often in the rows is not kept for their sake
SIZE = 64000
SHARES = dict(LATIN=12, CYRILLIC=6, ARABIC=5, DEVANAGARI=3, HANGUL=3, KANA=3, HAN=5)
RARE_HAN = 5000  # single characters beyond these are kept only where the rows have them


def script(piece):
    for c in piece.lstrip("▁"):
        if c.isalpha():
            name = (unicodedata.name(c, "OTHER").split() or ["OTHER"])[0].split("-")[0]
            return {"HIRAGANA": "KANA", "KATAKANA": "KANA", "CJK": "HAN"}.get(name, name)
    return "NONE"


def count(engine, folder, tasks=("harm", "jailbreak", "indirect", "benign", "grounded", "qa", "pii")):
    counts = collections.Counter()
    for row in data.read(folder, tasks):
        if row["split"] == "train" and data.permissive(row):
            for text in data.texts(row):
                counts.update(engine.ids(text[:3000].replace("\0", " ")).tolist())
    return counts


def choose(pieces, counts):
    """Old ids of the pieces that stay, in rising order; the specials first."""
    text = [t.decode() for t in pieces.text]
    scripts = [script(t) for t in text]
    mask = text.index("<mask>")
    keep = {i for i, n in counts.items() if n >= SEEN} | {pieces.bos, pieces.eos, pieces.pad, pieces.unk}
    han = 0
    for i, t in enumerate(text):  # ids fall in score
        if len(t) == 1 and (scripts[i] in SHARES or scripts[i] == "NONE"):
            han += scripts[i] == "HAN"
            if scripts[i] != "HAN" or han <= RARE_HAN:
                keep.add(i)
    ranked = {s: iter([i for i, t in enumerate(text) if scripts[i] == s and len(t) > 1 and i not in keep]) for s in SHARES}
    keep.discard(mask)
    while len(keep) < SIZE:
        for s, share in SHARES.items():
            for _ in range(share):
                i = next(ranked[s], None)
                if i is not None and len(keep) < SIZE:
                    keep.add(i)
    return np.array(sorted(keep))


def cut(pieces, keep):
    """The cut as Pieces. The specials lose their text: a user's "</s>" is text."""
    new = {int(old): i for i, old in enumerate(keep)}
    specials = {pieces.bos, pieces.eos, pieces.pad, pieces.unk}
    text = [b"\xff%d" % old if old in specials else pieces.text[old] for old in keep.tolist()]
    return type(pieces)(text, pieces.score[keep], new[pieces.bos], new[pieces.eos], new[pieces.pad], new[pieces.unk], pieces.norm)
