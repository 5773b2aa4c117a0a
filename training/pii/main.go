// Command pii trains the model of guard/pii/names: generated texts in ten
// languages, labelled rows, and real texts in which nothing is a name. One core,
// some minutes, the same bytes every time.
//
//	go run ./training/pii -data ../shared/data -out guard/pii/names/weights.bin.gz
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strings"

	"sallyport/guard/pii/names"
	"sallyport/training/corpus"
)

func main() {
	data := flag.String("data", "../shared/data", "folder of labelled rows")
	out := flag.String("out", "guard/pii/names/weights.bin.gz", "where the weights go")
	texts := flag.Int("texts", 120000, "how many texts to generate")
	epochs := flag.Int("epochs", 5, "passes over the texts")
	held := flag.Bool("held", false, "write no weights: train without some templates and names, and print figures on those, by language")
	flag.Parse()
	if *held {
		if err := heldOut(*data, *texts, *epochs); err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := train(*data, *out, *texts, *epochs); err != nil {
		log.Fatal(err)
	}
}

func train(data, out string, texts, epochs int) error {
	rows, err := corpus.Read(data, "benign", "harm", "indirect", "qa", "pii")
	if err != nil {
		return err
	}
	v := load()
	words, plain := common(rows)
	m := names.New(v.known(words))
	examples := generated(v, texts, func(int) bool { return true })
	made := len(examples)
	examples = append(examples, labelled(rows)...)
	labelledRows := len(examples) - made
	negatives := append(real(rows, 4), translations()...)
	fmt.Printf("%d texts generated, %d labelled rows, %d real texts, %d common words\n", made, labelledRows, len(negatives), len(words))
	f := fit(m, plain, append(examples, negatives...), epochs, 7)
	f.quantised(m)
	m.Threshold = thresholds
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		return err
	}
	fmt.Printf("%s: %d KiB\n", out, b.Len()>>10)
	return os.WriteFile(out, b.Bytes(), 0o644)
}

// translations are the sentences of translated programs. They name nobody.
func translations() []example {
	var out []example
	for _, l := range languages {
		for _, line := range list("text_" + l) {
			out = append(out, example{text: line, unlabelled: true})
		}
	}
	return out
}

// thresholds were chosen on dev rows and on the clean rows; see the model card.
var thresholds = [names.Kinds]float32{names.Person: 0.6, names.Organization: 0.7, names.Location: 0.7, names.Address: 0.6}

// generated are texts of all languages by the templates that use chooses; English
// has more templates and more texts.
func generated(v *vocabulary, n int, use func(template int) bool) []example {
	r := rand.New(rand.NewPCG(20, 26))
	var out []example
	for _, lang := range languages {
		b, err := templateFiles.ReadFile("templates/" + lang + ".txt")
		if err != nil {
			panic(err) // embedded
		}
		templates := strings.Split(strings.TrimSpace(string(b)), "\n")
		share := n * 6 / 100
		if lang == "en" {
			share = n * 46 / 100
		}
		for i := range share {
			if use(i % len(templates)) {
				out = append(out, generate(v, r, lang, templates[i%len(templates)]))
			}
		}
	}
	return out
}
