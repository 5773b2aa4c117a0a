package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Listen bounds the open connections of l: beyond it clients wait in the backlog.
// With TLS it shakes hands itself: net/http would seal its own plain-text refusals
// before anybody can put them right.
func Listen(l net.Listener, s Settings, c *Counters) net.Listener {
	b := &bounded{Listener: l, slots: make(chan struct{}, or(s.MaxConnections, DefaultMaxConnections)), closed: make(chan struct{})}
	if s.TLS == nil {
		return contractListener{b}
	}
	t := &tlsListener{Listener: b, config: protocols(s.TLS), timeout: or(s.HeaderTimeout, DefaultHeaderTimeout), counters: c,
		ready: make(chan net.Conn), failed: make(chan error)}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// bounded is a listener with a number of slots.
type bounded struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.slots <- struct{}{}:
	case <-b.closed:
		return nil, net.ErrClosed
	}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.slots
		return nil, err
	}
	return &slotted{Conn: c, leave: sync.OnceFunc(func() { <-b.slots })}, nil
}

func (b *bounded) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

// slotted is a connection with a slot.
type slotted struct {
	net.Conn
	leave func()
}

func (c *slotted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite lets a client read the answer to a request that it is still sending.
func (c *slotted) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}

// protocols is config with the protocols that a server speaks.
func protocols(config *tls.Config) *tls.Config {
	config = config.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	return config
}

// tlsListener shakes hands with each connection in a goroutine of its own, under a
// deadline, and hands it out when that is done: one that speaks HTTP/2 as it is, which
// is how net/http knows it, every other one with refusals in the contract's shape. The
// slots bound the goroutines; Close ends them.
type tlsListener struct {
	net.Listener
	config   *tls.Config
	timeout  time.Duration
	counters *Counters
	ready    chan net.Conn
	failed   chan error
	begun    sync.Once
	running  sync.WaitGroup
	ctx      context.Context // ends with the listener
	cancel   context.CancelFunc
}

func (l *tlsListener) Accept() (net.Conn, error) {
	l.begun.Do(func() { l.running.Go(l.accept) })
	select {
	case c := <-l.ready:
		return c, nil
	case err := <-l.failed:
		return nil, err
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (l *tlsListener) Close() error {
	l.cancel()
	err := l.Listener.Close()
	l.running.Wait()
	return err
}

func (l *tlsListener) accept() {
	for {
		c, err := l.Listener.Accept()
		if err == nil {
			l.running.Go(func() { l.shake(c) })
			continue
		}
		select {
		case l.failed <- err: // the server knows which errors pass
		case <-l.ctx.Done():
			return
		}
	}
}

func (l *tlsListener) shake(raw net.Conn) {
	ctx, cancel := context.WithTimeout(l.ctx, l.timeout)
	defer cancel()
	c := tls.Server(raw, l.config)
	if err := c.HandshakeContext(ctx); err != nil {
		l.counters.handshakeFailed()
		refusePlain(raw, err)
		_ = raw.Close()
		return
	}
	var out net.Conn = c
	if state := c.ConnectionState(); state.NegotiatedProtocol != "h2" {
		out = &contractConn{Conn: c, tls: &state}
	}
	select {
	case l.ready <- out:
	case <-l.ctx.Done():
		_ = raw.Close()
	}
}

// refusePlain answers a client that speaks HTTP where TLS is spoken.
func refusePlain(raw net.Conn, err error) {
	var header tls.RecordHeaderError
	if !errors.As(err, &header) || header.Conn == nil {
		return
	}
	switch string(header.RecordHeader[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH":
	default:
		return
	}
	_ = raw.SetDeadline(time.Now().Add(time.Second))
	if _, err := raw.Write(contractRefusal("tls")); err != nil || closeWrite(raw) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, raw, 64<<10) // closed at once, the answer might be lost
}
