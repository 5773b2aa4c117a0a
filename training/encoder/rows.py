"""What each task is trained on.

A target is 1, 0 or absent. A source counts for a task only if it has both sides:
one that has a single side teaches which corpus a row is from.
"""

import collections
import json
import random
import subprocess

import data

HARMS = ("hate", "sexual", "violence", "self_harm")
LEVELS = (2, 4, 6)
# name -> outputs. A harm has one output a level: is the severity at least 2, 4, 6.
TASKS = {h: 3 for h in HARMS} | {"wish": 1, "tactic": 1, "override": 1, "instruction": 1}
BOTH = 20  # rows of each side that a source needs
CAP = 4000  # train rows of a source
CAP_MADE = 12000  # of our own sentences
CAP_KIND = 60  # train rows of a kind in files of pairs


def levels(row, name):
    v = row["labels"][name]
    if v is None:
        return None
    # "Yes, 4" of a mapped yes says nothing about 6.
    unsure = row.get("severity") == "mapped-from-binary" and v == 4
    return [None if unsure and at == 6 else int(v >= at) for at in LEVELS]


def targets(row):
    """task -> list of 1, 0, None."""
    out = {}
    if row["task"] == "harm":
        for name in HARMS:
            t = levels(row, name)
            if t:
                out[name] = t
        if row["source"] == "inhouse_severity" and row.get("harmful") is not None:
            out["wish"] = [row["harmful"]]
    elif row["task"] == "indirect":
        out["instruction"] = [row["label"]]
    elif row["task"] == "jailbreak":
        group = (row.get("raw") or {}).get("group") if isinstance(row.get("raw"), dict) else None
        source, label = row["source"], row["label"]
        if source == "pairs_wrappers":
            twin = group == "harmless_persona_or_rule"
            out["tactic"] = [int(not twin)]  # the costume, whatever is wished
            if group != "override":
                out["wish"] = [label]
            if twin or group == "override":
                out["override"] = [int(not twin)]
        elif source == "pairs_suffix":
            out["tactic"], out["wish"] = [label], [label]
        elif source == "pairs_extraction":
            out["override"] = [label]
        elif source == "deepset_injections":
            out["tactic"], out["override"] = [label], [label]
    return out


def made(text):
    """A generated sentence as a row."""
    s = json.loads(text)
    out = {}
    if s["Indirect"] >= 0:
        out["instruction"] = [s["Indirect"]]
    if s["Jailbreak"] >= 0:
        out["tactic"] = [s["Jailbreak"]]
    for name, v in zip(HARMS, s["Harm"]):
        if v >= 0:
            out[name] = [int(v >= at) for at in LEVELS]
    if all(v >= 0 for v in s["Harm"]) or max(s["Harm"]) >= 4:
        out["wish"] = [int(max(s["Harm"]) >= 4)]
    span = [s["PlantedStart"], s["PlantedEnd"]]
    return dict(source="generated", license="ours", split="train", text=s["Text"], targets=out, span=span if span[1] else None)


def span_bytes(row):
    s = row.get("span")
    if not s:
        return None
    return [len(row["text"][: s["start"]].encode()), len(row["text"][: s["end"]].encode())]


def collect(folder, generated):
    rows = []
    for row in data.read(folder, ("harm", "jailbreak", "indirect")):
        t = targets(row) if data.permissive(row) else {}
        if t:
            kind = row.get("kind") if row["source"].startswith("pairs_") else None
            rows.append(dict(source=row["source"], license=row["license"], split=row["split"], text=row["text"], targets=t,
                             span=span_bytes(row) if row["task"] == "indirect" else None, kind=kind))
    rows += [made(line) for line in generated]
    rng = random.Random(7)
    for r in rows:  # a few of our own sentences is dev, by text, to see the fit only
        if r["source"] == "generated" and rng.random() < 0.02:
            r["split"] = "dev"
    rng.shuffle(rows)
    rows = two_sided(capped(rows))
    for i, r in enumerate(rows):
        r["id"] = i
    return rows


def capped(rows):
    seen, kinds, out = collections.Counter(), collections.Counter(), []
    for r in rows:
        if r["split"] == "train":
            key = (r["source"], r.get("kind"))
            if seen[r["source"]] >= (CAP_MADE if r["source"] == "generated" else CAP) or (r.get("kind") and kinds[key] >= CAP_KIND):
                continue
            seen[r["source"]] += 1
            kinds[key] += 1
        out.append(r)
    return out


def two_sided(rows):
    sides = collections.Counter()
    for r in rows:
        if r["split"] == "train":
            for task, values in r["targets"].items():
                for k, v in enumerate(values):
                    sides[r["source"], task, k, v] += 1
    out = []
    for r in rows:
        for task in list(r["targets"]):
            values = [v if min(sides[r["source"], task, k, 0], sides[r["source"], task, k, 1]) >= BOTH else None for k, v in enumerate(r["targets"][task])]
            if any(v is not None for v in values):
                r["targets"][task] = values
            else:
                del r["targets"][task]
        if r["targets"]:
            out.append(r)
    return out


def generated(go="go"):
    run = subprocess.run([go, "run", "./made"], check=True, capture_output=True, text=True)
    return run.stdout.splitlines()
