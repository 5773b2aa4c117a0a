// Command material measures guard/material: recall against the length of what
// was copied and the share of it that was edited, false alarms on ordinary text
// and code, memory. The floor is a search for verbatim runs of the text as it
// stands, 32 characters long.
//
//	go run ./training/material -data DIR [-code DIR]
//
// Registered works are documents of the data and Go's own standard
// library; ordinary texts are those of other sources and this program.
package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"go/build"
	"io/fs"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"sallyport/guard/material"
)

const (
	seed      = 20261122
	trials    = 400
	mostBytes = 6 << 20 // of registered code
	verbatim  = 32      // characters of the floor's runs
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "../shared/data", "folder of the labelled rows")
	code := flag.String("code", filepath.Join(build.Default.GOROOT, "src"), "folder of code to register")
	flag.Parse()
	if err := run(*data, *code); err != nil {
		log.Print("material: ", err)
		os.Exit(1)
	}
}

func run(data, code string) error {
	works, ordinary, err := texts(data)
	if err != nil {
		return err
	}
	if err := measure("text", material.Text, material.Settings{}, works, ordinary); err != nil {
		return err
	}
	registered, err := sources(code, mostBytes)
	if err != nil {
		return err
	}
	own, err := sources(".", mostBytes)
	if err != nil {
		return err
	}
	if err := measure("code", material.Code, material.Settings{}, registered, own); err != nil {
		return err
	}
	alike := material.Settings{Run: 24, Window: 9, MinRunes: 200, Names: true}
	return measure("code, names alike", material.Code, alike, registered, own)
}

// texts reads documents to register, and texts of other sources.
func texts(data string) (works, ordinary []string, err error) {
	for _, name := range []string{"qa/quoref_documents", "qa/counselchat_documents", "indirect/medical_advice", "indirect/agency_handbook"} {
		if works, err = read(works, data, name); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range []string{"benign/gsm8k", "benign/fabric_patterns", "benign/litellm_docs", "benign/kong_docs", "benign/t0_duorc", "benign/t0_ropes", "benign/presidio_docs", "benign/self_instruct_user", "indirect/incident_runbooks"} {
		if ordinary, err = read(ordinary, data, name); err != nil {
			return nil, nil, err
		}
	}
	return works, ordinary, nil
}

func read(to []string, data, name string) ([]string, error) {
	f, err := os.Open(filepath.Join(data, name+".jsonl.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 4<<20)
	for sc.Scan() {
		var r struct{ Text string }
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			return nil, err
		}
		to = append(to, r.Text)
	}
	return to, sc.Err()
}

// sources reads Go files below dir, tests left out, until most bytes.
func sources(dir string, most int) ([]string, error) {
	var out []string
	total := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || total > most {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if len(b) > 400 {
			out = append(out, string(b))
			total += len(b)
		}
		return nil
	})
	return out, err
}

func measure(name string, kind material.Kind, s material.Settings, works, ordinary []string) error {
	b, err := material.NewBuilder(kind, s)
	if err != nil {
		return err
	}
	size, refused := 0, 0
	var kept []string
	for i, w := range works {
		if err := b.Add(material.Work{ID: fmt.Sprint(i)}, w); err != nil {
			refused++
			continue
		}
		size += len(w)
		kept = append(kept, w)
	}
	x := b.Index()
	plain := floor{}
	for _, w := range kept {
		plain.add(w)
	}
	fmt.Printf("\n%s: %d works (%d too short), %.1f MB; index %.1f MB, %.2f MB a MB of works; a verbatim run of %d tokens is always seen, matches of %d characters and more are reported\n\n",
		name, len(kept), refused, float64(size)/1e6, float64(x.Memory())/1e6, float64(x.Memory())/float64(size), x.Settings().Guarantee(), x.Settings().MinRunes)
	fmt.Println("| characters copied | edited | found | floor |")
	fmt.Println("|---|---|---|---|")
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, length := range []int{50, 100, 200, 400} {
		for _, edited := range []float64{0, 0.02, 0.05, 0.10} {
			found, below, n := 0, 0, 0
			for n < trials {
				w := rng.IntN(len(kept))
				part, ok := excerpt(rng, kept[w], length)
				if !ok {
					continue
				}
				n++
				text := edit(rng, part, edited)
				m, err := x.Find(context.Background(), text)
				if err != nil {
					return err
				}
				if len(m) > 0 {
					found++
				}
				if plain.hits(text) {
					below++
				}
			}
			fmt.Printf("| %d | %.0f %% of words | %.1f %% | %.1f %% |\n", length, 100*edited, 100*float64(found)/float64(n), 100*float64(below)/float64(n))
		}
	}
	hit, below, bytes, all := 0, 0, 0, 0
	for _, t := range ordinary {
		m, err := x.Find(context.Background(), t)
		if err != nil {
			return err
		}
		all++
		bytes += len(t)
		if len(m) > 0 {
			hit++
		}
		if plain.hits(t) {
			below++
		}
	}
	fmt.Printf("\nfalse alarms: %d of %d ordinary ones (%.1f MB), floor %d\n", hit, all, float64(bytes)/1e6, below)
	return nil
}

// excerpt is length characters of a work, from the beginning of a word.
func excerpt(rng *rand.Rand, work string, length int) (string, bool) {
	if len(work) < 2*length {
		return "", false
	}
	at := rng.IntN(len(work) - length)
	if i := strings.IndexAny(work[at:], " \n"); i >= 0 {
		at += i + 1
	}
	if at+length > len(work) || strings.Contains(work[at:at+length], "//") { // comments of code do not count
		return "", false
	}
	return strings.ToValidUTF8(work[at:at+length], ""), true
}

// edit replaces, drops or doubles a share of the words.
func edit(rng *rand.Rand, s string, share float64) string {
	if share == 0 {
		return s
	}
	words := strings.SplitAfter(s, " ")
	for i := range words {
		if rng.Float64() >= share {
			continue
		}
		switch rng.IntN(3) {
		case 0:
			words[i] = "changed "
		case 1:
			words[i] = ""
		default:
			words[i] += words[i]
		}
	}
	return strings.Join(words, "")
}

// floor is the set of all runs of characters at every eighth place.
type floor map[string]bool

func (f floor) add(work string) {
	for i := 0; i+verbatim <= len(work); i += 8 {
		f[work[i:i+verbatim]] = true
	}
}

func (f floor) hits(text string) bool {
	for i := 0; i+verbatim <= len(text); i++ {
		if f[text[i:i+verbatim]] {
			return true
		}
	}
	return false
}
