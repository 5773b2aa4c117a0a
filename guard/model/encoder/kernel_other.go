//go:build !amd64 && !arm64

package encoder

func fastest() *kernel { return &plain }

func kernels() []*kernel { return []*kernel{&plain} }
