// Serve runs the pages of package webtest to look at them and for the browser
// tests. It prints a line of environment for each account and serves until it is
// interrupted. Its second listener steers the test: /test/link/ACCOUNT gives a
// fresh link, /test/end/ACCOUNT ends sessions, /test/record/broken breaks the
// record, /test/cut cuts every connection.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"sallyport/internal/chat"
	"sallyport/internal/demo/corpus"
	"sallyport/internal/surface/web/webtest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "sallyport-pages-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	w, err := webtest.Start(ctx, webtest.Options{Dir: dir, Listen: *listen, Limits: chat.Limits{Unattended: 8 * time.Second},
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/test/link/{account}", func(rw http.ResponseWriter, r *http.Request) {
		link, err := w.Link(r.Context(), corpus.Account(r.PathValue("account")))
		if err != nil {
			http.Error(rw, "", http.StatusNotFound)
			return
		}
		_, _ = fmt.Fprint(rw, link)
	})
	mux.HandleFunc("/test/end/{account}", func(_ http.ResponseWriter, r *http.Request) {
		_ = w.Directory.EndSessions(r.Context(), w.Members[corpus.Account(r.PathValue("account"))].ID)
	})
	mux.HandleFunc("/test/record/{state}", func(_ http.ResponseWriter, r *http.Request) {
		w.Record.Break(r.PathValue("state") == "broken")
	})
	mux.HandleFunc("/test/cut", func(http.ResponseWriter, *http.Request) { w.Cut() })
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { _ = srv.Serve(control) }()
	fmt.Printf("SALLYPORT_URL=%s\nSALLYPORT_TEST_CONTROL=http://%s\n", w.URL, control.Addr())
	for _, a := range corpus.Accounts {
		link, err := w.Link(ctx, a)
		if err != nil {
			return err
		}
		fmt.Printf("SALLYPORT_SIGNIN_%s=%s\n", strings.ToUpper(string(a)), link)
	}
	fmt.Println("READY=1")
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = srv.Close()
	return w.Stop(end)
}
