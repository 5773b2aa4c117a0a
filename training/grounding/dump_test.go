package main

import (
	"context"
	"fmt"
	"os"
	"sallyport/guard/grounding"
	"testing"
)

func TestDump(t *testing.T) {
	_, dev, alike, _, err := gather("/work/shared/data")
	if err != nil {
		t.Fatal(err)
	}
	c, err := grounding.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := os.Getenv("SRC")
	n := 0
	raw := []float64{}
	bad := []bool{}
	cal := []float64{}
	bandn := map[int][2]float64{}
	for i, e := range append(dev, alike...) {
		if e.source != want {
			continue
		}
		r := grounding.Request{Answer: e.response, Question: e.question, Passages: []string{e.context}}
		res, _ := c.Check(context.Background(), r)
		f, _ := c.Features(context.Background(), r)
		row := grounding.Row(f)
		raw = append(raw, c.Weights().Sum(&row))
		bad = append(bad, e.bad)
		cal = append(cal, res.Score)
		b := bandn[grounding.Band(&row)]
		if e.bad {
			b[1]++
		} else {
			b[0]++
		}
		bandn[grounding.Band(&row)] = b
		if res.Ungrounded != e.bad && n < 40 && (os.Getenv("BAD") == "" || (os.Getenv("BAD") == "1") == e.bad) && i%3 == 0 {
			n++
			fmt.Printf("%s bad=%v %.2f | Q %.100s | A %s\n   C %.400s\n", e.kind, e.bad, res.Score, e.question, e.response, e.context)
			for _, s := range res.Statements {
				fmt.Printf("   -> %v %s fault=%q ev=%q\n", s.Support, s.Why, e.response[s.Fault.Start:s.Fault.End], func() string {
					if s.Evidence.Passage < 0 {
						return ""
					}
					return e.context[s.Evidence.Span.Start:s.Evidence.Span.End]
				}())
			}
		}
	}
	fmt.Println("raw", auroc(raw, bad), "cal", auroc(cal, bad), bandn)
}
