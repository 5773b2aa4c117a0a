// Command embed runs the encoder over texts, so that tasks are trained on the
// very states that they will see.
//
// It reads JSON lines {"id": n, "text": "..."} and writes a record for each
// window: id, number of tokens, first byte and end in the text as int32, then the
// unit vector as float32, all little-endian. With -ids the ids of the pieces come
// in place of the vector, filled up to a whole window with -1. With -tokens it
// writes a line of ids for each text, in order.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"

	"sallyport/guard/model/encoder"
)

func main() {
	weights := flag.String("weights", "", "file of weights")
	windows := flag.Int("windows", 4, "windows of a text at most")
	workers := flag.Int("workers", 2, "texts at once")
	ids := flag.Bool("ids", false, "ids of pieces in place of vectors")
	tokens := flag.Bool("tokens", false, "a line of ids for each text")
	flag.Parse()
	o := &output{ids: *ids || *tokens, lines: *tokens, w: bufio.NewWriterSize(os.Stdout, 1<<20)}
	if o.lines {
		*workers, *windows = 1, 1<<20
	}
	if err := o.run(*weights, *windows, *workers); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

type text struct {
	ID   int32  `json:"id"`
	Text string `json:"text"`
}

func (o *output) run(weights string, windows, workers int) error {
	data, err := os.ReadFile(weights)
	if err != nil {
		return err
	}
	e, err := encoder.Load(data)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, e.Report())
	jobs, errs := make(chan text), make(chan error, workers)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for j := range jobs {
				if err := o.text(e, j, windows); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	err = feed(jobs, errs)
	close(jobs)
	wg.Wait()
	if err != nil {
		return err
	}
	return o.w.Flush()
}

func feed(jobs chan<- text, errs <-chan error) error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var j text
		if err := json.Unmarshal(in.Bytes(), &j); err != nil {
			return err
		}
		select {
		case jobs <- j:
		case err := <-errs:
			return err
		}
	}
	return in.Err()
}

type output struct {
	ids, lines bool
	mu         sync.Mutex
	w          *bufio.Writer
}

func (o *output) text(e *encoder.Encoder, j text, most int) error {
	read, line := e.Read, []byte(nil)
	if o.ids {
		read = e.Split
	}
	_, err := read(context.Background(), j.Text, encoder.Options{Windows: most}, func(w *encoder.Window) error {
		if o.lines {
			for _, t := range w.Tokens() {
				line = strconv.AppendInt(append(line, ' '), int64(t.ID), 10)
			}
			return nil
		}
		return o.record(j.ID, w)
	})
	if o.lines && err == nil {
		_, err = o.w.Write(append(line[1:], '\n'))
	}
	return err
}

func (o *output) record(id int32, w *encoder.Window) error {
	at := w.Span()
	var b bytes.Buffer
	head := []int32{id, int32(len(w.Tokens())), int32(at.Start), int32(at.End)}
	if err := binary.Write(&b, binary.LittleEndian, head); err != nil {
		return err
	}
	if err := binary.Write(&b, binary.LittleEndian, o.values(w)); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.w.Write(b.Bytes())
	return err
}

// values are what a record holds of a window.
func (o *output) values(w *encoder.Window) any {
	if !o.ids {
		return w.Unit()
	}
	var ids [encoder.Length]int32
	for i := range ids {
		ids[i] = -1
	}
	for i, t := range w.Tokens() {
		ids[i] = t.ID
	}
	return ids
}
