"""Labelled rows of the shared folder; none of them enters the tree."""

import glob
import gzip
import json
import os
import re

# What may end in weights. Everything that names another licence is left out, a
# compound of permissive and share-alike parts too.
PERMISSIVE = re.compile(r"MIT|Apache-2\.0|BSD|CC0-1\.0|CC-BY-[34]\.0|CDLA-Permissive-2\.0")
REFUSED = re.compile(r"-SA\b|CDLA-Sharing|GPL|\bNC\b|-ND\b|Stack Exchange|Wikipedia", re.I)


def permissive(row):
    return bool(PERMISSIVE.search(row["license"])) and not REFUSED.search(row["license"])


def read(folder, tasks):
    for task in tasks:
        for path in sorted(glob.glob(os.path.join(folder, task, "*.jsonl.gz"))):
            with gzip.open(path, "rt", encoding="utf-8") as f:
                for line in f:
                    row = json.loads(line)
                    row["task"] = task
                    yield row


def texts(row):
    for k in ("text", "context", "question", "response"):
        v = row.get(k)
        if isinstance(v, str) and v:
            yield v
