// Package rules holds the repository to its own rules: which way imports point,
// who may open content, how often a backend is called, what the documents say of
// the code. It has tests only, and each of them reads the truth from the tree.
package rules
