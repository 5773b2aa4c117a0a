package encoder

// What a task is fed.
const (
	OnMean   = "mean"   // Window.Unit, one row of logits
	OnTokens = "tokens" // each token's state, one row of logits a token
)

// Task is something that was trained on the encoder's states: two layers with a
// rectifier between. The file of weights says which there are.
type Task struct {
	Name    string `json:"name"`
	Input   string `json:"input"`
	Outputs int    `json:"outputs"` // logits a row
}

type task struct {
	Task
	wide           int
	w1, b1, w2, b2 []float32 // w1 is [hidden][wide], w2 [wide][outputs]
}

const maxWide = 512

func (f *file) task(t Task) task {
	name := "task." + t.Name + "."
	wide := 0
	if s := f.Tensors[name+"w1"].Shape; len(s) == 2 {
		wide = s[1]
	}
	if wide < 32 || wide > maxWide || wide%32 != 0 {
		wide = maxWide // which the tensor is not: an error
	}
	return task{
		Task: t, wide: wide,
		w1: f.floats(name+"w1", f.Hidden, wide), b1: f.floats(name+"b1", wide),
		w2: f.floats(name+"w2", wide, t.Outputs), b2: f.floats(name+"b2", t.Outputs),
	}
}

// Tasks lists the tasks of the loaded weights; Window.Logits takes their indices.
func (e *Encoder) Tasks() []Task {
	out := make([]Task, len(e.tasks))
	for i := range e.tasks {
		out[i] = e.tasks[i].Task
	}
	return out
}

// Task is the index of the task with that name, -1 for none.
func (e *Encoder) Task(name string) int {
	for i := range e.tasks {
		if e.tasks[i].Name == name {
			return i
		}
	}
	return -1
}

// Logits of a task, Outputs a row, valid until the next call.
func (w *Window) Logits(i int) []float32 {
	t := &w.e.tasks[i]
	h := w.e.hidden
	a, step, rows := &w.unit[0], 0, 1
	if t.Input == OnTokens {
		a, step, rows = &w.s.x[w.first*h], h, len(w.tokens)
	}
	even := (rows + 1) / 2 * 2 // there is a row behind the tokens: that of the end
	hidden := w.s.task[:even*t.wide]
	w.e.kernel.float32(&hidden[0], t.wide, a, step, &t.w1[0], t.wide, even, t.wide, h)
	out := w.s.out[:rows*t.Outputs]
	for r := range rows {
		y := out[r*t.Outputs : (r+1)*t.Outputs]
		copy(y, t.b2)
		for j, v := range hidden[r*t.wide : (r+1)*t.wide] {
			v += t.b1[j]
			if v <= 0 {
				continue
			}
			for k, w2 := range t.w2[j*t.Outputs : (j+1)*t.Outputs] {
				y[k] += float32(v * w2)
			}
		}
	}
	return out
}
