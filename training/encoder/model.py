"""The encoder in torch: BERT with written-out attention, which on CPUs is faster
backward than the fused kernel."""

import math

import numpy as np
import torch
from torch import nn

import e5file


class Layer(nn.Module):
    def __init__(self, hidden, inner, heads, eps):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.norm1 = nn.LayerNorm(hidden, eps)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)
        self.norm2 = nn.LayerNorm(hidden, eps)

    def forward(self, x, mask):
        b, t, h = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, h // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2) / math.sqrt(h // self.heads) + mask).softmax(-1)
        x = self.norm1(x + self.out((weights @ v).transpose(1, 2).reshape(b, t, h)))
        return self.norm2(x + self.down(nn.functional.gelu(self.up(x))))


class Encoder(nn.Module):
    """word and position are tables; position has the type embedding in it."""

    def __init__(self, m, layers, keep=None):
        super().__init__()
        word = e5file.tensor(m, "emb.word")
        self.register_buffer("word", torch.from_numpy(word if keep is None else word[keep]))
        self.register_buffer("position", torch.from_numpy(e5file.tensor(m, "emb.pos") + e5file.tensor(m, "emb.type")[: m.hidden]))
        self.norm = nn.LayerNorm(m.hidden, m.eps)
        self.layers = nn.ModuleList(Layer(m.hidden, m.inner, m.heads, m.eps) for _ in range(layers))
        self.load(m)

    def load(self, m):
        def put(module, weight, bias):
            module.weight.data = torch.from_numpy(weight)
            module.bias.data = torch.from_numpy(bias)

        t = lambda name: e5file.tensor(m, name)
        put(self.norm, t("emb.ln.w"), t("emb.ln.b"))
        for i, layer in enumerate(self.layers):
            p = f"l{i}."
            put(layer.qkv, np.concatenate([t(p + f"{x}.w") for x in "qkv"]), np.concatenate([t(p + f"{x}.b") for x in "qkv"]))
            put(layer.out, t(p + "ao.w"), t(p + "ao.b"))
            put(layer.norm1, t(p + "aln.w"), t(p + "aln.b"))
            put(layer.up, t(p + "fi.w"), t(p + "fi.b"))
            put(layer.down, t(p + "fo.w"), t(p + "fo.b"))
            put(layer.norm2, t(p + "oln.w"), t(p + "oln.b"))

    def embed(self, ids):
        return self.norm(self.word[ids] + self.position[: ids.shape[1]])

    def forward(self, ids, lengths):
        """Token states (batch, tokens, hidden); beyond a length they mean nothing."""
        return self.run(self.embed(ids), lengths, 0, len(self.layers))

    def run(self, x, lengths, first, last):
        keep = torch.arange(x.shape[1])[None] < lengths[:, None]
        mask = torch.where(keep, 0.0, -1e9)[:, None, None].to(x.dtype)
        for layer in self.layers[first:last]:
            x = layer(x, mask)
        return x


def mean(x, lengths):
    keep = (torch.arange(x.shape[1])[None] < lengths[:, None]).to(x.dtype)[..., None]
    return (x * keep).sum(1) / lengths[:, None]


def batch(rows, pad=0):
    lengths = torch.tensor([len(r) for r in rows])
    ids = torch.full((len(rows), int(lengths.max())), pad, dtype=torch.long)
    for i, r in enumerate(rows):
        ids[i, : len(r)] = torch.as_tensor(r, dtype=torch.long)
    return ids, lengths
