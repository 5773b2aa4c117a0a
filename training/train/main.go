// Command train makes the embedded weights of guard/model and their card.
//
//	go run ./training/train -data DIR [-out guard/model]
//
// It reads the train rows with permissive licences, adds the sentences of
// training/generate, fits one linear head for each column by logistic
// regression, chooses thresholds on dev rows under a budget of false alarms,
// and writes weights.bin.gz, weights.json and MODEL_CARD.md. Equal inputs give
// equal files.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"sallyport/training/corpus"
	"sallyport/training/generate"
)

const seed = 20261122

func main() {
	log.SetFlags(0)
	data := flag.String("data", "../shared/data", "folder of the labelled rows")
	out := flag.String("out", "guard/model", "folder for the weights and their card")
	epochs := flag.Int("epochs", 5, "passes over the training windows")
	flag.Parse()
	if err := run(*data, *out, *epochs); err != nil {
		log.Print("train: ", err)
		os.Exit(1)
	}
}

func run(data, out string, epochs int) error {
	begin := time.Now()
	rows, err := corpus.Read(data, "harm", "jailbreak", "indirect", "benign", "qa")
	if err != nil {
		return err
	}
	kept, dropped := corpus.Split(rows)
	for _, d := range dropped {
		fmt.Printf("excluded %6d rows of %-28s %s\n", d.Rows, d.Source, d.License)
	}
	train, dev := corpus.Examples(kept)
	made := corpus.Made(generate.All(seed))
	own, err := procedures("internal/demo/corpus/docs")
	if err != nil {
		return err
	}
	made = append(made, corpus.Made(own)...)
	fmt.Printf("train %d rows and %d made sentences, dev %d rows; %.0f s\n", len(train), len(made), len(dev), time.Since(begin).Seconds())
	windows := cut(append(train, made...))
	balance(windows)
	fmt.Printf("%d windows\n", len(windows))
	w := fit(windows, epochs)
	fmt.Printf("fitted; %.0f s\n", time.Since(begin).Seconds())
	m, rowsOfWeights := quantize(w)
	if err := calibrate(&m, rowsOfWeights, dev); err != nil {
		return err
	}
	if err := write(out, m, rowsOfWeights, kept, dropped, len(made), dev); err != nil {
		return err
	}
	fmt.Printf("done; %.0f s\n", time.Since(begin).Seconds())
	return nil
}
