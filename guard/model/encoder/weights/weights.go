// Package weights holds the encoder's file of weights, made by `make -C
// training/encoder`. Whoever imports it carries its 26 MB.
package weights

import _ "embed"

// File is what encoder.Load takes. It must not be changed.
//
//go:embed encoder.bin
var File []byte
