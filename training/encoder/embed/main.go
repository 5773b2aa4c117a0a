// Command embed runs the encoder over texts, so that tasks are trained on the
// very states that they will see.
//
// It reads JSON lines {"id": n, "text": "..."} and writes a record for each
// window: id, number of tokens, first byte and end in the text as int32, then the
// unit vector as float32, all little-endian. With -ids the ids of the pieces come
// in place of the vector, filled up to a whole window with -1.
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
	"sync"

	"sallyport/guard/model/encoder"
)

func main() {
	weights := flag.String("weights", "", "file of weights")
	windows := flag.Int("windows", 4, "windows of a text at most")
	workers := flag.Int("workers", 2, "texts at once")
	ids := flag.Bool("ids", false, "ids of pieces in place of vectors")
	flag.Parse()
	if err := run(*weights, *windows, *workers, *ids); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

type text struct {
	ID   int32  `json:"id"`
	Text string `json:"text"`
}

func run(weights string, windows, workers int, ids bool) error {
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
	out := &output{ids: ids, w: bufio.NewWriterSize(os.Stdout, 1<<20)}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for j := range jobs {
				if err := out.windows(e, j, windows); err != nil {
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
	return out.w.Flush()
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
	ids bool
	mu  sync.Mutex
	w   *bufio.Writer
}

func (o *output) windows(e *encoder.Encoder, j text, most int) error {
	_, err := e.Read(context.Background(), j.Text, encoder.Options{Windows: most}, func(w *encoder.Window) error {
		var b bytes.Buffer
		at := w.Span()
		head := []int32{j.ID, int32(len(w.Tokens())), int32(at.Start), int32(at.End)}
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
	})
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
