// Command mockupstream runs the mock upstream as a process, for scripts and
// benchmarks. It prints its base URL as its first line and serves until SIGINT
// or SIGTERM.
//
//	go run ./test/mockupstream --listen 127.0.0.1:0 --tokens 200 --chunks 50 --delay 5ms
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"sallyport/internal/backend/mockupstream"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mockupstream:", err)
		os.Exit(1)
	}
}

func run() error {
	var o mockupstream.Options
	listen := flag.String("listen", "127.0.0.1:0", "address; port 0 is any free one")
	flag.IntVar(&o.Tokens, "tokens", 64, "words of the standard answer")
	flag.IntVar(&o.Chunks, "chunks", 0, "events that it comes in (default: one per word)")
	flag.DurationVar(&o.Delay, "delay", 0, "before the first byte")
	flag.DurationVar(&o.Gap, "gap", 0, "between two events")
	flag.StringVar(&o.Model, "model", "mock-1", "name in answers")
	flag.StringVar(&o.Key, "key", "", "demanded as bearer token or api-key")
	flag.IntVar(&o.Width, "width", 8, "numbers of an embedding when none are asked for")
	flag.BoolVar(&o.Echo, "echo", false, `answer with what follows "say: " in the last message`)
	flag.IntVar(&o.Keep, "keep", -1, "requests recorded at most; negative: none")
	cert := flag.String("tls-cert", "", "certificate file; with --tls-key serves TLS")
	key := flag.String("tls-key", "", "key file")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	mock := mockupstream.New(o)
	srv := &http.Server{Handler: mock, ConnState: mock.ConnState, ReadHeaderTimeout: 10 * time.Second}
	scheme := "http"
	if *cert != "" {
		scheme = "https"
	}
	fmt.Printf("%s://%s/v1\n", scheme, l.Addr())
	context.AfterFunc(ctx, func() {
		mock.Close()
		_ = srv.Close()
	})
	if *cert != "" {
		err = srv.ServeTLS(l, *cert, *key)
	} else {
		err = srv.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
