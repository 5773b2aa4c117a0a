"""Trains the tasks on frozen states and judges them inside each source and on
sources that were left out. Pooled figures are not computed: they lie."""

import json
import zlib

import numpy as np
import torch
from torch import nn

import rows as rows_

WIDE = 64


def vectors(path, hidden=384):
    """id, tokens, span of each window, and its unit vector."""
    kind = np.dtype([("id", "<i4"), ("tokens", "<i4"), ("start", "<i4"), ("end", "<i4"), ("v", "<f4", hidden)])
    return np.sort(np.fromfile(path, kind), order=["id", "start"])


def auroc(score, label):
    order = np.argsort(score, kind="stable")
    s, y = score[order], label[order]
    rank = np.empty(len(s))
    _, first, count = np.unique(s, return_index=True, return_counts=True)
    rank = np.repeat(first + (count + 1) / 2, count)
    pos = int(y.sum())
    return (rank[y == 1].sum() - pos * (pos + 1) / 2) / (pos * (len(y) - pos))


class Set:
    """Windows of one task: features, targets with NaN for unknown, weights."""

    def __init__(self, rows, table, task):
        self.rows = [r for r in rows if task in r["targets"]]
        where = {r["id"]: i for i, r in enumerate(self.rows)}
        keep = np.array([i in where for i in table["id"]])
        t = table[keep]
        self.x = torch.from_numpy(t["v"].copy())
        self.of = np.array([where[i] for i in t["id"]])
        y = np.array([[np.nan if v is None else v for v in r["targets"][task]] for r in self.rows], np.float32)
        self.label = y
        y = y[self.of].copy()
        if task == "instruction":  # only the windows that show it
            for w, (row, at, end) in enumerate(zip(self.of, t["start"], t["end"])):
                span = self.rows[row].get("span")
                if span and y[w, 0] == 1 and min(end, span[1]) - max(at, span[0]) < min(10, span[1] - span[0]):
                    y[w] = 0
        self.y = torch.from_numpy(y)
        self.source = np.array([r["source"] for r in self.rows])
        self.train = np.array([r["split"] == "train" for r in self.rows])
        windows = np.bincount(self.of, minlength=len(self.rows))
        self.part = torch.from_numpy((1 / windows)[self.of].astype(np.float32))

    def weights(self, use):
        """Of each window and output: each side of each source counts alike, by the
        square root of its rows."""
        w = torch.zeros_like(self.y)
        source = self.source[self.of]
        for s in set(source[use]):
            for side in (0, 1):
                hit = (self.y == side) & torch.from_numpy(use & (source == s))[:, None]
                n = hit.float().mul(self.part[:, None]).sum(0)
                w += hit * self.part[:, None] / n.clamp(min=1).sqrt()
        return w


class Head(nn.Module):
    def __init__(self, x, outputs):
        super().__init__()
        self.mean, self.std = x.mean(0), x.std(0) + 1e-6
        self.up, self.down = nn.Linear(x.shape[1], WIDE), nn.Linear(WIDE, outputs)

    def forward(self, x, drop=0.0):
        h = torch.relu(self.up((x - self.mean) / self.std))
        return self.down(nn.functional.dropout(h, drop, self.training))

    def export(self, name):
        w = self.up.weight.detach() / self.std
        return dict(name=name, input="mean", outputs=self.down.weight.shape[0], w1=w.T.contiguous().numpy(),
                    b1=(self.up.bias.detach() - w @ self.mean).numpy(), w2=self.down.weight.detach().T.contiguous().numpy(), b2=self.down.bias.detach().numpy())


def fit(s, use, epochs=24, seed=1):
    """use: of the rows. A head trained on their windows."""
    torch.manual_seed(seed)
    use = use[s.of]
    w = s.weights(use)
    at = torch.from_numpy(np.flatnonzero(use & (w.sum(1) > 0).numpy()))
    x, y, w = s.x[at], torch.nan_to_num(s.y[at]), w[at]
    w = w / w.sum(0).clamp(min=1e-9) * len(at)
    head = Head(x, y.shape[1])
    steps = epochs * (len(at) + 511) // 512
    opt = torch.optim.AdamW(head.parameters(), 2e-3, weight_decay=0.05)
    plan = torch.optim.lr_scheduler.OneCycleLR(opt, 4e-3, steps + 1)
    for _ in range(epochs):
        for b in torch.randperm(len(at)).split(512):
            loss = (nn.functional.binary_cross_entropy_with_logits(head(x[b], 0.2), y[b], reduction="none") * w[b]).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            plan.step()
    return head.eval()


def scores(s, head):
    """Of each row: the highest of its windows, per output."""
    with torch.no_grad():
        p = head(s.x).numpy()
    out = np.full(s.label.shape, -np.inf, np.float32)
    np.maximum.at(out, s.of, p)
    return out


def judge(s, score, rows):
    """AUROC of each output, None where a side has fewer than 10 rows."""
    out = []
    for k in range(s.label.shape[1]):
        known = rows & ~np.isnan(s.label[:, k])
        y = s.label[known, k]
        out.append(round(float(auroc(score[known, k], y)), 3) if min(y.sum(), len(y) - y.sum()) >= 10 else None)
    return out


# The floor: hashed n-grams in a logistic model, what the cheap stage is made of.

BUCKETS = 1 << 17


def ngrams(text):
    text = " " + " ".join(text[:1500].lower().split()) + " "
    words = text.split()
    grams = set(words) | {a + " " + b for a, b in zip(words, words[1:])}
    for n in (3, 4, 5):
        grams.update(text[i : i + n] for i in range(len(text) - n + 1))
    return np.array([zlib.crc32(g.encode("utf-8", "replace")) % BUCKETS for g in grams] or [0], np.int64)


def floor(s, grams, use, epochs=6):
    torch.manual_seed(1)
    bag = nn.EmbeddingBag(BUCKETS, s.label.shape[1], mode="sum", sparse=True)
    nn.init.zeros_(bag.weight)
    opt = torch.optim.SparseAdam(bag.parameters(), 0.02)
    weight = np.zeros(s.label.shape, np.float32)
    for src in set(s.source[use]):
        for side in (0, 1):
            hit = (s.label == side) & (use & (s.source == src))[:, None]
            weight += hit / np.sqrt(np.maximum(hit.sum(0), 1))
    at = np.flatnonzero(weight.sum(1) > 0)
    weight = torch.from_numpy(weight / np.maximum(weight.sum(0), 1e-9) * len(at))
    y = torch.from_numpy(np.nan_to_num(s.label))

    def run(rows):
        parts = [grams[s.rows[i]["id"]] for i in rows]
        offsets = torch.from_numpy(np.cumsum([0] + [len(p) for p in parts[:-1]]))
        sizes = torch.tensor([len(p) for p in parts], dtype=torch.float32)
        return bag(torch.from_numpy(np.concatenate(parts)), offsets) / sizes[:, None].sqrt()

    rng = np.random.default_rng(1)
    for _ in range(epochs):
        rng.shuffle(at)
        for b in np.array_split(at, len(at) // 256 + 1):
            loss = (nn.functional.binary_cross_entropy_with_logits(run(b), y[b], reduction="none") * weight[b]).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
    with torch.no_grad():
        return np.concatenate([run(b).numpy() for b in np.array_split(np.arange(len(s.rows)), len(s.rows) // 512 + 1)])


def train(rows, table):
    """A head for every task, of all train rows."""
    out = []
    for task in rows_.TASKS:
        s = Set(rows, table, task)
        out.append(fit(s, s.train).export(task))
        print("head:", task, len(s.rows), "rows", flush=True)
    return out


def report(rows, table):
    """AUROC of every task in each source's dev rows: with the source in training
    and with it left out, and n-grams on the same rows as the floor."""
    grams = {r["id"]: ngrams(r["text"]) for r in rows}
    figures = {}
    for task in rows_.TASKS:
        s = Set(rows, table, task)
        got, cheap = scores(s, fit(s, s.train)), floor(s, grams, s.train)
        figures[task] = {}
        for source in sorted(set(s.source)):
            dev = (s.source == source) & ~s.train
            line = dict(rows=int(dev.sum()), inside=judge(s, got, dev), inside_ngrams=judge(s, cheap, dev))
            if len(set(s.source)) > 1 and any(v is not None for v in line["inside"]):
                use = s.train & (s.source != source)
                line["left_out"] = judge(s, scores(s, fit(s, use)), dev)
                line["left_out_ngrams"] = judge(s, floor(s, grams, use), dev)
            figures[task][source] = line
            print(task, source, json.dumps(line), flush=True)
    return figures


def read_rows(path):
    return [json.loads(line) for line in open(path)]
