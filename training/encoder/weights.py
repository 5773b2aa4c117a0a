"""Writes the file that guard/model/encoder loads.

Layout, little-endian: "SPENC001", u32 length of the manifest, the manifest (JSON),
then each tensor at a multiple of 64 bytes, last 32 bytes: SHA-256 of all before.
Matrices of layers are int8 with one fp32 scale per output channel, in tiles of
16 outputs by 4 inputs, which is how the kernels read them. Word embeddings stay
in the base's blocks of four bits: nothing is gained by more.
"""

import hashlib
import json
import struct

import numpy as np

import e5file

WINDOW = 128
TILE, GROUP = 16, 4


def quantise(w):
    """Symmetric int8 per row: w ~ q * scale[:, None]."""
    scale = np.maximum(np.abs(w).max(1), 1e-12) / 127
    return np.clip(np.rint(w / scale[:, None]), -127, 127).astype(np.int8), scale.astype(np.float32)


def tiles(q):
    n, k = q.shape
    return q.reshape(n // TILE, TILE, k // GROUP, GROUP).transpose(0, 2, 1, 3).copy()


class File:
    def __init__(self, manifest):
        self.manifest = manifest
        self.tensors = []

    def add(self, name, kind, array, shape):
        self.tensors.append((name, kind, shape, array if isinstance(array, bytes) else np.ascontiguousarray(array).tobytes()))

    def fp32(self, name, array):
        self.add(name, "f32", array.astype(np.float32), list(array.shape))

    def matrix(self, name, w, b, factor=None):
        """factor multiplies outputs; it goes into scale and bias."""
        q, scale = quantise(w)
        factor = np.ones(len(w), np.float32) if factor is None else factor
        self.add(name, "i8t", tiles(q), list(w.shape))
        self.fp32(name + ".scale", scale * factor)
        self.fp32(name + ".bias", b * factor)

    def write(self, path):
        places, at = {}, 0
        for name, kind, shape, raw in self.tensors:
            at = (at + 63) // 64 * 64
            places[name] = dict(type=kind, shape=shape, at=at, size=len(raw))
            at += len(raw)
        text = json.dumps(self.manifest | dict(tensors=places), sort_keys=True, ensure_ascii=False).encode()
        out = bytearray(b"SPENC001" + struct.pack("<I", len(text)) + text)
        out += b"\0" * (-len(out) % 64)
        base = len(out)
        for name, _, _, raw in self.tensors:
            out += b"\0" * (base + places[name]["at"] - len(out))
            out += raw
        out += hashlib.sha256(out).digest()
        with open(path, "wb") as f:
            f.write(out)
        return len(out)


def export(path, encoder, pieces, blocks, manifest, heads=()):
    """encoder: model.Encoder; blocks: raw four-bit rows of the pieces that stay."""
    hidden, inner = encoder.norm.weight.numel(), encoder.layers[0].up.weight.shape[0]
    count = encoder.layers[0].heads
    f = File(manifest | dict(
        hidden=hidden, inner=inner, heads=count, layers=len(encoder.layers), window=WINDOW, eps=encoder.norm.eps,
        pieces=len(pieces.text), bos=pieces.bos, eos=pieces.eos, unk=pieces.unk,
        tasks=[dict(name=h["name"], input=h["input"], outputs=h["outputs"]) for h in heads],
    ))
    offsets = np.cumsum([0] + [len(t) for t in pieces.text]).astype(np.uint32)
    f.add("pieces.text", "u8", b"".join(pieces.text), [int(offsets[-1])])
    f.add("pieces.at", "u32", offsets, [len(offsets)])
    f.fp32("pieces.score", pieces.score)
    keys = sorted(pieces.norm)
    f.add("norm.key", "u32", np.array(keys, np.uint32), [len(keys)])
    ends = np.cumsum([0] + [len(pieces.norm[k]) for k in keys]).astype(np.uint32)
    f.add("norm.at", "u32", ends, [len(ends)])
    f.add("norm.out", "u32", np.array([c for k in keys for c in pieces.norm[k]], np.uint32), [int(ends[-1])])
    f.add("word", "q4", blocks, [len(pieces.text), hidden])
    n = lambda t: t.detach().float().numpy()
    f.fp32("position", n(encoder.position)[:WINDOW])
    f.fp32("norm.weight", n(encoder.norm.weight))
    f.fp32("norm.bias", n(encoder.norm.bias))
    scale = np.ones(3 * hidden, np.float32)
    scale[:hidden] = (hidden // count) ** -0.5  # of the attention, on the query
    for i, layer in enumerate(encoder.layers):
        p = f"layer{i}."
        f.matrix(p + "qkv", n(layer.qkv.weight), n(layer.qkv.bias), scale)
        f.matrix(p + "out", n(layer.out.weight), n(layer.out.bias))
        f.matrix(p + "up", n(layer.up.weight), n(layer.up.bias))
        f.matrix(p + "down", n(layer.down.weight), n(layer.down.bias))
        for k, norm in (("norm1", layer.norm1), ("norm2", layer.norm2)):
            f.fp32(p + k + ".weight", n(norm.weight))
            f.fp32(p + k + ".bias", n(norm.bias))
    for h in heads:
        for k in ("w1", "b1", "w2", "b2"):
            f.fp32(f"task.{h['name']}.{k}", h[k])
    return f.write(path)


def word_blocks(m, keep):
    raw = np.frombuffer(m.tensors["emb.word"][2], np.uint8).reshape(-1, m.hidden // e5file.BLOCK * e5file.BLOCK_BYTES)
    return raw[keep].tobytes()
