"""The package's own engine, compiled from the source that it carries.

It is the judge: of the unpacked weights (embeddings) and of the tokenizer (ids).
The compiled engine of the package exports no ids, hence the compilation.
"""

import ctypes
import pathlib
import subprocess

import numpy as np

SHIM = """
#include "e5.c"
int e5_ids(e5_model *m, const char *text, int *ids, int most) { return tok_content(&m->tok, text, ids, most); }
"""


def build(package, cache):
    package, cache = pathlib.Path(package), pathlib.Path(cache)
    out = cache / "engine.so"
    if not out.exists():
        (cache / "shim.c").write_text(SHIM)
        subprocess.run(
            ["gcc", "-O3", "-mavx2", "-mfma", "-fopenmp", "-shared", "-fPIC", f"-I{package}", str(cache / "shim.c"), "-o", str(out), "-lm"],
            check=True,
        )
    return out


class Engine:
    def __init__(self, library, model):
        self.lib = ctypes.CDLL(str(library))
        self.lib.e5_load.restype = ctypes.c_void_p
        self.lib.e5_ids.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int), ctypes.c_int]
        self.lib.e5_embed.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_float)]
        self.model = self.lib.e5_load(str(model).encode())
        if not self.model:
            raise RuntimeError(f"the engine does not load {model}")

    def ids(self, text):
        """Piece ids of text, which holds no NUL; no prefix, no specials."""
        raw = text.encode()
        most = len(raw) + 8
        buffer = (ctypes.c_int * most)()
        n = self.lib.e5_ids(self.model, raw, buffer, most)
        return np.ctypeslib.as_array(buffer)[:n].copy()

    def embed(self, text, query):
        out = np.empty(384, np.float32)
        self.lib.e5_embed(self.model, text.encode(), int(query), out.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
        return out
