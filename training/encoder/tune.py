"""Fine-tunes the upper layers with all tasks at once.

The lower layers stay as they are, so their states are computed once and kept.
It stops after the minutes it is given and goes on from its checkpoint when called
again; `judge` compares with heads on the frozen states of the same rows.
"""

import copy
import json
import os
import pathlib
import time

import numpy as np
import torch
from torch import nn

import heads as heads_
import model
import rows as rows_


def windows(path, length=128):
    kind = np.dtype([("id", "<i4"), ("tokens", "<i4"), ("start", "<i4"), ("end", "<i4"), ("ids", "<i4", length)])
    return np.sort(np.fromfile(path, kind), order=["id", "start"])


def sequence(record, bos, prefix, eos):
    return [bos, *prefix, *record["ids"][: record["tokens"]].tolist(), eos]


class States:
    """States after the frozen layers, as bfloat16 rows of one file."""

    def __init__(self, path, encoder, sequences, frozen, say):
        lengths = np.array([len(s) for s in sequences])
        self.at = np.concatenate([[0], np.cumsum(lengths)])
        size = (int(self.at[-1]), encoder.norm.weight.numel())
        done = pathlib.Path(str(path) + ".done")
        if not done.exists() or done.read_text() != str(size):
            out = np.memmap(path, np.int16, "w+", shape=size)
            order = np.argsort(lengths)
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                for n, part in enumerate(np.array_split(order, len(order) // 64 + 1)):
                    ids, l = model.batch([sequences[i] for i in part])
                    x = encoder.run(encoder.embed(ids), l, 0, frozen).to(torch.bfloat16).view(torch.int16).numpy()
                    for k, i in enumerate(part):
                        out[self.at[i] : self.at[i + 1]] = x[k, : lengths[i]]
                    if n % 100 == 0:
                        say(f"states: {n * 64} of {len(order)}", flush=True)
            out.flush()
            done.write_text(str(size))
        self.file = np.memmap(path, np.int16, "r", shape=size)

    def batch(self, which):
        lengths = torch.tensor([int(self.at[i + 1] - self.at[i]) for i in which])
        x = torch.zeros(len(which), int(lengths.max()), self.file.shape[1], dtype=torch.bfloat16)
        for k, i in enumerate(which):
            x[k, : lengths[k]] = torch.from_numpy(self.file[self.at[i] : self.at[i + 1]].copy()).view(torch.bfloat16)
        return x.float(), lengths


class Tuned(nn.Module):
    def __init__(self, encoder, frozen):
        super().__init__()
        self.layers = nn.ModuleList(encoder.layers[frozen:])
        hidden = encoder.norm.weight.numel()
        self.up = nn.ModuleDict({t: nn.Linear(hidden, heads_.WIDE) for t in rows_.TASKS})
        self.down = nn.ModuleDict({t: nn.Linear(heads_.WIDE, n) for t, n in rows_.TASKS.items()})
        self.scale = hidden**0.5  # unit vectors have values of about 1 then

    def unit(self, x, lengths):
        keep = torch.arange(x.shape[1])[None] < lengths[:, None]
        mask = torch.where(keep, 0.0, -1e9)[:, None, None]
        for layer in self.layers:
            x = layer(x, mask)
        return nn.functional.normalize(model.mean(x.float(), lengths), dim=-1)

    def forward(self, x, lengths, drop=0.0):
        v = self.unit(x, lengths) * self.scale
        out = {}
        for t in rows_.TASKS:
            h = nn.functional.dropout(torch.relu(self.up[t](v)), drop, self.training)
            out[t] = self.down[t](h)
        return out

    def export(self):
        n = lambda t: t.detach().float().contiguous().numpy()
        return [dict(name=t, input="mean", outputs=k, w1=n(self.up[t].weight.T * self.scale), b1=n(self.up[t].bias),
                     w2=n(self.down[t].weight.T), b2=n(self.down[t].bias)) for t, k in rows_.TASKS.items()]


def start_from(net, frozen_heads):
    """The heads begin where those of the frozen states ended."""
    for h in frozen_heads:
        net.up[h["name"]].weight.data = torch.from_numpy(h["w1"].T.copy()) / net.scale
        net.up[h["name"]].bias.data = torch.from_numpy(h["b1"].copy())
        net.down[h["name"]].weight.data = torch.from_numpy(h["w2"].T.copy())
        net.down[h["name"]].bias.data = torch.from_numpy(h["b2"].copy())


def sample(rows, count, seed=3):
    """count rows at most, all dev rows of the small sources among them."""
    if not count or len(rows) <= count:
        return rows
    rng = np.random.default_rng(seed)
    by = {}
    for r in rows:
        by.setdefault((r["source"], r["split"]), []).append(r)
    share, out = count // len(by), []
    for part in by.values():
        out += [part[i] for i in sorted(rng.permutation(len(part))[: max(share, 60)])]
    return out


def train(cache, encoder, rows, table, prefix, special, frozen_heads, minutes, frozen=3, epochs=3, rate=4e-5, batch=32, say=print):
    cache = pathlib.Path(cache)
    cache.mkdir(exist_ok=True)
    ids = {r["id"] for r in rows}
    records = table[np.isin(table["id"], list(ids))]
    sequences = [sequence(r, special[0], prefix, special[1]) for r in records]
    states = States(cache / "states.bin", encoder, sequences, frozen, say)
    plain = np.zeros(len(records), [("id", "<i4"), ("start", "<i4"), ("end", "<i4"), ("v", "<f4", 1)])
    for k in ("id", "start", "end"):
        plain[k] = records[k]
    sets, place = {}, {}
    for t in rows_.TASKS:
        s = heads_.Set(rows, plain, t)
        w = s.weights(s.train[s.of])
        sets[t] = (torch.nan_to_num(s.y), w / w.sum(0).clamp(min=1e-9) * len(s.y))
        has = np.isin(records["id"], [r["id"] for r in s.rows])
        place[t] = np.where(has, np.cumsum(has) - 1, -1)
    split = {r["id"]: r["split"] for r in rows}
    use = np.flatnonzero([split[i] == "train" for i in records["id"]])

    torch.manual_seed(1)
    net = Tuned(encoder, frozen)
    start_from(net, frozen_heads)
    groups = [dict(params=net.layers.parameters(), lr=rate), dict(params=[*net.up.parameters(), *net.down.parameters()], lr=rate * 10)]
    opt = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = epochs * (len(use) // batch)
    plan = torch.optim.lr_scheduler.LambdaLR(opt, lambda k: min(1, (k + 1) / max(1, steps // 10)) * max(0.0, 1 - k / steps))
    step, checkpoint = 0, cache / "tune.pt"
    if checkpoint.exists():
        old = torch.load(checkpoint)
        net.load_state_dict(old["net"]), opt.load_state_dict(old["opt"]), plan.load_state_dict(old["plan"])
        step = old["step"]
    say(f"tune: {len(use)} windows of train rows, {int(states.at[-1])} tokens in all, step {step} of {steps}", flush=True)
    began, saved, total = time.time(), time.time(), 0.0
    while step < steps and time.time() - began < minutes * 60:
        rng = np.random.default_rng(1000 + step // max(1, len(use) // batch))  # of the epoch
        order = rng.permutation(use)
        # Windows of like length together: batches of sorted chunks, in random order.
        chunks = [c[np.argsort(states.at[c + 1] - states.at[c])] for c in np.array_split(order, max(1, len(order) // (batch * 50)))]
        batches = [b for c in chunks for b in np.array_split(c, max(1, len(c) // batch))]
        rng.shuffle(batches)
        which = batches[step % len(batches)]
        net.train()
        x, lengths = states.batch(which)
        with torch.autocast("cpu", torch.bfloat16):
            out = net(x, lengths, 0.1)
        loss = torch.zeros(())
        for t, logits in out.items():
            at = place[t][which]
            if (at < 0).all():
                continue
            y, w = sets[t][0][at[at >= 0]], sets[t][1][at[at >= 0]]
            loss = loss + (nn.functional.binary_cross_entropy_with_logits(logits.float()[torch.from_numpy(at >= 0)], y, reduction="none") * w).sum() / len(which)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        plan.step()
        step += 1
        total += loss.item()
        if step % 50 == 0:
            say(f"tune: step {step} of {steps}, loss {total / 50:.4f}, {time.time() - began:.0f} s", flush=True)
            total = 0.0
        if time.time() - saved > 60 or step == steps:
            save(checkpoint, net, opt, plan, step)
            saved = time.time()
    save(checkpoint, net, opt, plan, step)
    return net.eval(), states, records, step >= steps


def save(path, net, opt, plan, step):
    torch.save(dict(net=net.state_dict(), opt=opt.state_dict(), plan=plan.state_dict(), step=step), str(path) + ".new")
    os.replace(str(path) + ".new", path)


def judge(net, states, records, rows, frozen_table, frozen_heads, say=print):
    """AUROC inside each source, on dev rows: the heads that the tuning began with
    on frozen states, and what it came to. Heads of their own for the frozen states,
    fitted on a sample, would flatter the tuning: it began with those of all rows."""
    tuned = np.zeros(len(records), [("id", "<i4"), ("tokens", "<i4"), ("start", "<i4"), ("end", "<i4"), ("v", "<f4", 384)])
    for k in ("id", "tokens", "start", "end"):
        tuned[k] = records[k]
    order = np.argsort(states.at[1:] - states.at[:-1])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for part in np.array_split(order, len(order) // 64 + 1):
            x, l = states.batch(part)
            tuned["v"][part] = net.unit(x, l).float().numpy()
    frozen = frozen_table[np.isin(frozen_table["id"], records["id"])]
    first = copy.deepcopy(net)
    start_from(first, frozen_heads)
    out = {}
    for task in rows_.TASKS:
        a, b = heads_.Set(rows, frozen, task), heads_.Set(rows, tuned, task)
        base, own = (heads_.scores(s, lambda x: n.down[task](torch.relu(n.up[task](x * n.scale)))) for s, n in ((a, first), (b, net)))
        out[task] = {}
        for source in sorted(set(a.source)):
            dev = (a.source == source) & ~a.train
            line = dict(frozen=heads_.judge(a, base, dev), tuned=heads_.judge(b, own, dev), rows=int(dev.sum()))
            if any(v is not None for v in line["frozen"]):
                out[task][source] = line
                say(task, source, json.dumps(line), flush=True)
    return out
