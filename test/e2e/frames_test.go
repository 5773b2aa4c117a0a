package e2e

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Frames of HTTP/2 (RFC 9113, section 6), written by hand: no client sends what an
// attacker does.
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	framePriority     = 0x2
	frameReset        = 0x3
	frameSettings     = 0x4
	framePing         = 0x6
	frameWindow       = 0x8
	frameContinuation = 0x9

	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4

	settingWindow = 0x4
)

// peer is an HTTP/2 connection in hostile hands.
type peer struct {
	net.Conn
	out []byte
}

// meet shakes hands; window is what the server may send on a stream unasked.
func (l *Lab) meet(window uint32) (*peer, error) {
	config := l.H2.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{"h2"}
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", strings.TrimPrefix(l.Secure, "https://"), config)
	if err != nil {
		return nil, err
	}
	p := &peer{Conn: c}
	p.out = append(p.out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"...)
	p.frame(frameSettings, 0, 0, binary.BigEndian.AppendUint32([]byte{0, settingWindow}, window))
	return p, p.send()
}

func (p *peer) frame(kind, flags byte, stream uint32, payload []byte) {
	n := len(payload)
	p.out = append(p.out, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	p.out = binary.BigEndian.AppendUint32(p.out, stream)
	p.out = append(p.out, payload...)
}

func (p *peer) send() error {
	_ = p.SetWriteDeadline(time.Now().Add(20 * time.Second))
	_, err := p.Write(p.out)
	p.out = p.out[:0]
	return err
}

// drain reads and forgets, so that the server is never held up.
func (p *peer) drain() { go func() { _, _ = io.Copy(io.Discard, p) }() }

// literal appends a header field that no table keeps (RFC 7541, section 6.2.2).
func literal(b []byte, name, value string) []byte {
	return appendHPACK(appendHPACK(append(b, 0), name), value)
}

func appendHPACK(b []byte, s string) []byte {
	n := len(s)
	if n < 127 {
		return append(append(b, byte(n)), s...)
	}
	b = append(b, 127)
	for n -= 127; n >= 128; n >>= 7 {
		b = append(b, byte(n)|128)
	}
	return append(append(b, byte(n)), s...)
}

// question are the headers of a request for a streamed answer.
func (l *Lab) question() []byte {
	var b []byte
	for _, h := range [][2]string{
		{":method", "POST"}, {":scheme", "https"}, {":path", "/openai/deployments/chat/chat/completions?api-version=" + apiVersion},
		{":authority", "x"}, {"api-key", l.Key}, {"content-type", "application/json"},
	} {
		b = literal(b, h[0], h[1])
	}
	return b
}

// lively peers answer pings to the end: their streams go, the idle connection may stay
// for as long as any.
const lively = "answers without room, and pings answered"

// live reads to the end and answers pings.
func (p *peer) live() {
	var head [9]byte
	for {
		if _, err := io.ReadFull(p, head[:]); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(p, payload); err != nil {
			return
		}
		if head[3] == framePing && head[4]&flagAck == 0 {
			p.frame(framePing, flagAck, 0, payload)
			if p.send() != nil {
				return
			}
		}
	}
}

// hostile are what HTTP/2 lets a peer do. Each has the connection for itself and ends
// by an error of the connection, or when stop is over.
var hostile = []struct {
	name   string
	window uint32
	do     func(l *Lab, p *peer, stop time.Time) error
}{
	{"requests that are taken back at once", 1 << 20, func(l *Lab, p *peer, stop time.Time) error {
		p.drain()
		return p.streams(stop, func(stream uint32) {
			p.frame(frameHeaders, flagEndHeaders, stream, l.question())
			p.frame(frameReset, 0, stream, []byte{0, 0, 0, 8})
		})
	}},
	{"whole requests that are taken back", 1 << 20, func(l *Lab, p *peer, stop time.Time) error {
		p.drain()
		body := []byte(asking("Good day to you.", `"stream":true`))
		return p.streams(stop, func(stream uint32) {
			p.frame(frameHeaders, flagEndHeaders, stream, l.question())
			p.frame(frameData, flagEndStream, stream, body)
			p.frame(frameReset, 0, stream, []byte{0, 0, 0, 8})
		})
	}},
	{"streams that make the server take them back", 1 << 20, func(l *Lab, p *peer, stop time.Time) error {
		p.drain()
		return p.streams(stop, func(stream uint32) {
			p.frame(frameHeaders, flagEndHeaders|flagEndStream, stream, l.question())
			p.frame(frameWindow, 0, stream, []byte{0, 0, 0, 0}) // an increment of nothing
		})
	}},
	{"more streams than are allowed", 1 << 20, func(l *Lab, p *peer, stop time.Time) error {
		p.drain()
		return p.streams(stop, func(stream uint32) { p.frame(frameHeaders, flagEndHeaders, stream, l.question()) })
	}},
	{"answers without room", 0, func(l *Lab, p *peer, stop time.Time) error {
		l.ask(p, 90)
		return p.stay(stop)
	}},
	{"answers without room, and no reading", 0, func(l *Lab, p *peer, stop time.Time) error {
		l.ask(p, 90)
		if err := p.send(); err != nil {
			return err
		}
		time.Sleep(time.Until(stop))
		return nil
	}},
	{lively, 0, func(l *Lab, p *peer, stop time.Time) error {
		l.ask(p, 90)
		if err := p.send(); err != nil {
			return err
		}
		go p.live()
		time.Sleep(time.Until(stop))
		return nil
	}},
	{"answers a byte at a time", 1, func(l *Lab, p *peer, stop time.Time) error {
		p.drain()
		l.ask(p, 20)
		for time.Now().Before(stop) {
			for stream := uint32(1); stream < 40; stream += 2 {
				p.frame(frameWindow, 0, stream, []byte{0, 0, 0, 1})
			}
			if err := p.send(); err != nil {
				return err
			}
			time.Sleep(20 * time.Millisecond)
		}
		return nil
	}},
	{"bodies that do not come", 1 << 20, func(l *Lab, p *peer, stop time.Time) error {
		for stream := uint32(1); stream < 180; stream += 2 {
			p.frame(frameHeaders, flagEndHeaders, stream, l.question())
			p.frame(frameData, 0, stream, []byte(`{"messages":[`))
		}
		return p.stay(stop)
	}},
	{"headers without end", 1 << 20, func(l *Lab, p *peer, stop time.Time) error {
		p.drain()
		p.frame(frameHeaders, 0, 1, l.question())
		return p.flood(stop, func() {
			p.frame(frameContinuation, 0, 1, literal(nil, "x-flood", strings.Repeat("a", 15<<10)))
		})
	}},
	{"empty headers without end", 1 << 20, func(l *Lab, p *peer, stop time.Time) error {
		p.drain()
		p.frame(frameHeaders, 0, 1, l.question())
		return p.flood(stop, func() { p.frame(frameContinuation, 0, 1, nil) })
	}},
	{"headers that stop", 1 << 20, func(l *Lab, p *peer, stop time.Time) error {
		p.frame(frameHeaders, 0, 1, l.question())
		return p.stay(stop)
	}},
	{"a field named a thousand times", 1 << 20, func(l *Lab, p *peer, stop time.Time) error {
		p.drain()
		// Kept in the table once (40), then named by one byte each (be).
		first := append(l.question(), 0x40)
		first = appendHPACK(appendHPACK(first, "x-bomb"), strings.Repeat("b", 3900))
		p.frame(frameHeaders, flagEndHeaders|flagEndStream, 1, first)
		again := append(l.question(), bytes.Repeat([]byte{0xbe}, 10_000)...)
		stream := uint32(1)
		return p.flood(stop, func() { stream += 2; p.frame(frameHeaders, flagEndHeaders|flagEndStream, stream, again) })
	}},
	{"pings, and no reading", 1 << 20, func(_ *Lab, p *peer, stop time.Time) error {
		return p.flood(stop, func() { p.frame(framePing, 0, 0, make([]byte, 8)) })
	}},
	{"settings, and no reading", 1 << 20, func(_ *Lab, p *peer, stop time.Time) error {
		return p.flood(stop, func() { p.frame(frameSettings, 0, 0, []byte{0, settingWindow, 0, 1, 0, 0}) })
	}},
	{"priorities", 1 << 20, func(_ *Lab, p *peer, stop time.Time) error {
		stream := uint32(1)
		return p.flood(stop, func() { stream += 2; p.frame(framePriority, 0, stream, []byte{0, 0, 0, 0, 1}) })
	}},
	{"empty data", 1 << 20, func(l *Lab, p *peer, stop time.Time) error {
		p.drain()
		p.frame(frameHeaders, flagEndHeaders, 1, l.question())
		return p.flood(stop, func() { p.frame(frameData, 0, 1, nil) })
	}},
	{"a frame of the largest size", 1 << 20, func(_ *Lab, p *peer, stop time.Time) error {
		p.frame(0x20, 0, 0, make([]byte, 1<<24-1))
		return p.stay(stop)
	}},
	{"a window that overflows", 1 << 20, func(_ *Lab, p *peer, stop time.Time) error {
		return p.flood(stop, func() { p.frame(frameWindow, 0, 0, []byte{0x7f, 0xff, 0xff, 0xff}) })
	}},
}

// ask asks n questions and reads none of the answers.
func (l *Lab) ask(p *peer, n uint32) {
	body := []byte(asking("Good day to you.", `"stream":true`))
	for stream := uint32(1); stream < 2*n; stream += 2 {
		p.frame(frameHeaders, flagEndHeaders, stream, l.question())
		p.frame(frameData, flagEndStream, stream, body)
	}
}

// streams opens one stream after the other.
func (p *peer) streams(stop time.Time, open func(stream uint32)) error {
	stream := uint32(1)
	return p.flood(stop, func() { open(stream); stream += 2 })
}

// flood sends as fast as the server takes it.
func (p *peer) flood(stop time.Time, more func()) error {
	for time.Now().Before(stop) {
		for range 50 {
			more()
		}
		if err := p.send(); err != nil {
			return err
		}
	}
	return nil
}

// stay reads until the server closes.
func (p *peer) stay(stop time.Time) error {
	if err := p.send(); err != nil {
		return err
	}
	_ = p.SetReadDeadline(stop)
	_, err := io.Copy(io.Discard, p)
	return err
}

// The attack: peers that know HTTP/2 and mean harm, several of each kind at once.
// Memory stays bounded, others are served meanwhile, and when it is over nothing is
// left of them, though they never close.
func TestHostileFrames(t *testing.T) {
	t.Parallel()
	const each, length = 3, 20 * time.Second
	l := newLab(t, LabOptions{Bin: program})
	before := l.warm(t)
	first := l.peak(t)
	stop := time.Now().Add(length)
	var all sync.WaitGroup
	for _, h := range hostile {
		for range each {
			p, err := l.meet(h.window)
			if err != nil {
				t.Fatalf("%s: %v", h.name, err)
			}
			defer func() { _ = p.Close() }() // behind the last look
			all.Go(func() {
				if err := h.do(l, p, stop); err == nil && time.Now().Before(stop) {
					t.Errorf("%s: ended early", h.name)
				}
			})
		}
		totals.add("hostile peers", each)
	}
	for time.Now().Before(stop) {
		began := time.Now()
		if r := l.chat(asking("Good day to you.")); r.Status != 200 || time.Since(began) > 5*time.Second {
			t.Errorf("meanwhile: %s after %s", r.brief(), time.Since(began))
		}
		time.Sleep(500 * time.Millisecond)
	}
	all.Wait()
	busy := l.Metric(t, "go_goroutines")
	grown := l.peak(t) - first
	totals.note("%d hostile HTTP/2 peers for %s: %d MiB more at the peak, %.0f goroutines at their end", each*len(hostile), length, grown, busy)
	if grown > 300 {
		t.Errorf("memory grew by %d MiB", grown)
	}
	// Whoever answers no ping is gone within the time of a body and a ping; of the
	// others idle connections are left.
	limit := before + 3 + 5*each
	var now float64
	for began := time.Now(); time.Since(began) < 90*time.Second; time.Sleep(time.Second) {
		if now = l.Metric(t, "go_goroutines"); now <= limit {
			break
		}
	}
	if now > limit {
		t.Errorf("%v goroutines, %v before, want at most %v", now, before, limit)
	}
	if r := l.chat(asking("Good day to you.")); r.Status != 200 {
		t.Errorf("afterwards: %s", r.brief())
	}
}
