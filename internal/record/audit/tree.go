package audit

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles are 2^tileHeight hashes wide: fixed by C2SP tlog-tiles.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// tree is the right edge of an RFC 6962 tree, kept tile by tile: edge[l] holds
// the hashes of the unfinished tile of level l. That is all a log needs to go
// on, at most 256 hashes for each factor of 256 in its size.
type tree struct {
	size int64
	edge [][]tlog.Hash
	// full is called with every tile as it gets full; hashes are only lent.
	full func(level int, n int64, hashes []tlog.Hash)
}

func (t *tree) add(leaf tlog.Hash) {
	t.size++
	covered := int64(1) // leaves under one hash of this level
	for level := 0; ; level++ {
		if level == len(t.edge) {
			t.edge = append(t.edge, make([]tlog.Hash, 0, tileWidth))
		}
		t.edge[level] = append(t.edge[level], leaf)
		if len(t.edge[level]) < tileWidth {
			return
		}
		covered *= tileWidth
		if t.full != nil {
			t.full(level, t.size/covered-1, t.edge[level])
		}
		leaf = subtreeRoot(t.edge[level])
		t.edge[level] = t.edge[level][:0]
	}
}

// root is the tree's hash; of an empty tree, the hash of nothing (RFC 6962, 2.1).
func (t *tree) root() tlog.Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	var acc []tlog.Hash // right to left: roots of complete subtrees, small to large
	for _, edge := range t.edge {
		acc = foldRight(acc, edge)
	}
	h := acc[0]
	for _, left := range acc[1:] {
		h = tlog.NodeHash(left, h)
	}
	return h
}

// foldRight appends to acc the roots of the complete subtrees that make up one
// edge tile, from the right: a width of 5 is 1 then 4.
func foldRight(acc []tlog.Hash, edge []tlog.Hash) []tlog.Hash {
	for n := len(edge); n > 0; {
		w := n & -n
		acc = append(acc, subtreeRoot(edge[n-w:n]))
		n -= w
	}
	return acc
}

// subtreeRoot hashes a power of two of hashes together.
func subtreeRoot(h []tlog.Hash) tlog.Hash {
	var scratch [tileWidth]tlog.Hash
	n := copy(scratch[:], h)
	for ; n > 1; n /= 2 {
		for i := range n / 2 {
			scratch[i] = nodeHash(scratch[2*i], scratch[2*i+1])
		}
	}
	return scratch[0]
}

// nodeHash is tlog.NodeHash without its allocations.
func nodeHash(l, r tlog.Hash) tlog.Hash {
	var b [1 + 2*tlog.HashSize]byte
	b[0] = 1
	copy(b[1:], l[:])
	copy(b[1+tlog.HashSize:], r[:])
	return sha256.Sum256(b[:])
}

// leafHash is tlog.RecordHash with a buffer to reuse.
func leafHash(scratch *[]byte, entry []byte) tlog.Hash {
	*scratch = append(append((*scratch)[:0], 0), entry...)
	return sha256.Sum256(*scratch)
}

// tilePath is the path of a tile below the log's folder (C2SP tlog-tiles). Level
// -1 names entry bundles.
func tilePath(level int, n int64, width int) string {
	p := tlog.Tile{H: tileHeight, L: level, N: n, W: width}.Path()
	const prefix = "tile/8/"
	if level == -1 {
		return "tile/entries/" + p[len(prefix+"data/"):]
	}
	return "tile/" + p[len(prefix):]
}
