// Command made prints the generators' sentences as JSON lines, for training the
// encoder's tasks.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"sallyport/training/generate"
)

func main() {
	seed := flag.Uint64("seed", 1, "equal seeds give equal sentences")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	for _, s := range generate.All(*seed) {
		if err := enc.Encode(s); err != nil {
			fmt.Fprintln(os.Stderr, "made:", err)
			os.Exit(1)
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "made:", err)
		os.Exit(1)
	}
}
