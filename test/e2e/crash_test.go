package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/backend/mockupstream"
	"sallyport/internal/record/audit"
)

// crashes is how often the service is killed; SALLYPORT_CRASHES changes it.
func crashes() int {
	if n, err := strconv.Atoi(os.Getenv("SALLYPORT_CRASHES")); err == nil {
		return n
	}
	return 100
}

// workers ask one after the other, each at a deployment of its own: so the order
// of a deployment's entries is the order of its questions.
const workers = 6

// attempt is one question of a worker, as the worker saw it.
type attempt struct {
	round  int
	id     string // of the response, "" if no header came
	bytes  int
	ended  bool // a finish, or a whole body
	status int
}

// The attack is a power cut: kill -9 in mid-request, many times. Afterwards every
// request that the upstream saw, or of which the client got a byte, has exactly
// one outcome on the record; the rest left no trace at either; the log verifies.
func TestKilledInMidRequest(t *testing.T) {
	t.Parallel()
	mock := mockupstream.New(mockupstream.Options{Tokens: 14, Gap: 3 * time.Millisecond, Keep: 1 << 20}).Start()
	defer mock.Close()
	var extra strings.Builder
	for w := range workers {
		fmt.Fprintf(&extra, "      w%d: {model: {name: model-%d}, filter: plain, backends: [mock], limits: {output_tokens: 64}}\n", w, w)
	}
	l := newLab(t, LabOptions{Upstream: mock, Extra: extra.String(), Bin: program})
	random := rand.New(rand.NewPCG(7, uint64(time.Now().UnixNano())))

	attempts := make([][]attempt, workers)
	rounds := crashes()
	starts := time.Duration(0)
	for round := range rounds {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				// A client of its own: nothing is retried behind our back.
				c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
				for n := len(attempts[w]); ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					a := l.attempt(c, w, n)
					a.round = round
					attempts[w] = append(attempts[w], a)
					if a.id == "" || !a.ended {
						return // the service is gone
					}
				}
			})
		}
		time.Sleep(time.Duration(20+random.IntN(160)) * time.Millisecond)
		l.Kill()
		close(stop)
		wg.Wait()
		if round%10 == 9 {
			// The record as the crash left it is intact too: what was not finished is no damage.
			if out, code := verify(t, l.State); code != 0 {
				t.Fatalf("round %d, before recovery: exit %d: %s", round, code, out)
			}
		}
		began := time.Now()
		s, err := openServe(program, l.Config)
		if err != nil {
			t.Fatalf("start after crash %d: %v", round+1, err)
		}
		starts += time.Since(began)
		l.Service = s
	}
	if code := l.Stop(t); code != 0 {
		t.Errorf("exit %d", code)
	}
	if out, code := verify(t, l.State); code != 0 {
		t.Fatalf("verify: exit %d: %s", code, out)
	}

	log := record(t, l.State)
	intents := reconcile(t, log)
	outcome := map[string]audit.Entry{}
	order := make([][][]string, workers) // ids of intents, by deployment and by the life of the service
	for w := range order {
		order[w] = make([][]string, rounds+1)
	}
	unknown, life := 0, -1
	for _, e := range log {
		if e.Kind == audit.Started {
			life++
		}
		var w int
		if _, err := fmt.Sscanf(e.Deployment, "w%d", &w); err != nil {
			continue
		}
		switch e.Kind {
		case audit.Intent:
			order[w][life] = append(order[w][life], e.ID)
		case audit.Outcome:
			outcome[e.ID] = e
			if e.Finish == "unknown" {
				unknown++
			}
		}
	}
	if life != rounds {
		t.Fatalf("%d starts on the record of %d", life+1, rounds+1)
	}
	seen := make([]map[int]int, workers) // questions that the upstream saw, by number
	for w := range seen {
		seen[w] = map[int]int{}
	}
	for _, r := range mock.Requests() {
		var w, n int
		i := bytes.Index(r.Body, []byte("marker "))
		if _, err := fmt.Sscanf(string(r.Body[i:]), "marker %d-%d.", &w, &n); i < 0 || err != nil {
			t.Fatalf("a request at the upstream without a marker: %s", cut(string(r.Body), 200))
		}
		seen[w][n]++
	}
	all, answered, atUpstream, traceless := 0, 0, 0, 0
	for w := range workers {
		// Walk the worker's questions and the deployment's intents side by side, life by
		// life: in each only the last question may be without an answer. A question
		// without an intent is one that the crash came before.
		for n, a := range attempts[w] {
			all++
			recorded, left := "", order[w][a.round]
			switch {
			case a.id != "" && (len(left) == 0 || left[0] != a.id):
				t.Fatalf("w%d, question %d: the client has an answer %s whose intent is not on the record in its place", w, n, a.id)
			case len(left) > 0:
				recorded, order[w][a.round] = left[0], left[1:]
			}
			switch times := seen[w][n]; {
			case times > 1:
				t.Errorf("w%d, question %d: %d times at the upstream", w, n, times)
			case times == 1:
				atUpstream++
				if recorded == "" {
					t.Errorf("w%d, question %d: at the upstream and not on the record", w, n)
				}
			case a.bytes > 0:
				t.Errorf("w%d, question %d: the client got bytes that no upstream sent", w, n)
			}
			if a.ended {
				answered++
				if e := outcome[a.id]; e.Code != "" || e.Finish != "stop" {
					t.Errorf("w%d, question %d: the client saw the end, the outcome says %q %q", w, n, e.Code, e.Finish)
				}
			}
			if recorded == "" {
				traceless++
			}
		}
		for life, left := range order[w] {
			if len(left) > 0 {
				t.Errorf("w%d, life %d: %d intents on the record that no question explains", w, life, len(left))
			}
		}
	}
	if unknown == 0 || answered == 0 {
		t.Errorf("%d outcomes unknown, %d questions answered: the kills did not hit requests under way", unknown, answered)
	}
	totals.add("crashes", rounds)
	totals.note("crashes: %d kills, %d questions: %d answered whole, %d at the upstream, %d intents, %d outcomes written by recovery, %d without any trace; a start after a crash took %s",
		rounds, all, answered, atUpstream, intents, unknown, traceless, (starts / time.Duration(rounds)).Round(time.Millisecond))
}

// attempt asks one question and reads the answer as far as it comes.
func (l *Lab) attempt(c *http.Client, w, n int) (a attempt) {
	stream := n%2 == 0
	r, err := http.NewRequest(http.MethodPost, fmt.Sprintf("%s/openai/deployments/w%d/chat/completions?api-version=%s", l.URL, w, apiVersion),
		strings.NewReader(asking(fmt.Sprintf("marker %d-%d.", w, n), fmt.Sprintf(`"stream":%v`, stream))))
	if err != nil {
		return a
	}
	r.Header.Set("api-key", l.Key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(r)
	if err != nil {
		return a
	}
	defer func() { _ = resp.Body.Close() }()
	a.id, a.status = resp.Header.Get("x-request-id"), resp.StatusCode
	body, err := io.ReadAll(bufio.NewReader(resp.Body))
	a.bytes = len(body)
	if stream {
		// The finish is the promise: it comes after the outcome is durable.
		a.ended = bytes.Contains(body, []byte(`"finish_reason":"stop"`)) && !bytes.Contains(body, []byte(`"error"`))
	} else {
		a.ended = err == nil && json.Valid(body) && resp.StatusCode == 200
	}
	return a
}
