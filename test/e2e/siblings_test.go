package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A family is a place in a request body where several texts of a caller can stand
// side by side: members of one object, items of one array, the same member of
// objects of the same form.
type family struct {
	name string
	put  func(body any, texts []string) any
}

// familiesOf walks body, which it does not know, and returns every family in it.
func familiesOf(body any) []family {
	var all []family
	walkJSON(body, nil, "", func(v any, path []any, name string) {
		at := slices.Clone(path)
		add := func(kind string, change func(v any, texts []string) any) {
			all = append(all, family{name + kind, func(body any, texts []string) any {
				return changed(body, at, "", func(v any, _ string) any { return change(v, texts) })
			}})
		}
		switch v := v.(type) {
		case map[string]any:
			add(".<new>", func(v any, texts []string) any {
				for i, text := range texts {
					v.(map[string]any)[fmt.Sprint("x_", i)] = text
				}
				return v
			})
			add(".<new, apart>", func(v any, texts []string) any {
				for i, text := range texts {
					v.(map[string]any)[fmt.Sprint("x_", i)] = text
					v.(map[string]any)[fmt.Sprint("x_", i, "_")] = map[string]any{"type": "string", "kinds": []any{"north", true}}
				}
				return v
			})
			add(".<new>[*].<deep>", func(v any, texts []string) any {
				var items []any
				for _, text := range texts {
					items = append(items, map[string]any{"kind": "note", "text": text})
				}
				v.(map[string]any)["x_new"] = items
				return v
			})
			for _, k := range sortedNames(v) {
				for _, p := range stringsIn(v[k], "."+k+"<copies>") {
					if _, object := v[k].(map[string]any); object {
						add(p.name, func(v any, texts []string) any {
							for i, text := range texts {
								v.(map[string]any)[fmt.Sprint("x_", i)] = p.put(v.(map[string]any)[k], text)
							}
							return v
						})
					}
				}
			}
		case []any:
			for i := range v {
				if _, word := v[i].(string); word && i == 0 {
					add("[<new>]", func(_ any, texts []string) any {
						items := []any{}
						for _, text := range texts {
							items = append(items, text)
						}
						return items
					})
				}
				if _, object := v[i].(map[string]any); !object {
					continue
				}
				for _, p := range stringsIn(v[i], fmt.Sprintf("[%d]<copies>", i)) {
					add(p.name, func(v any, texts []string) any {
						var copies []any
						for _, text := range texts {
							copies = append(copies, p.put(v.([]any)[i], text))
						}
						return slices.Insert(v.([]any), i+1, copies...)
					})
				}
			}
		}
	})
	return all
}

// stringsIn are the strings of an object, as places. Lists on the way keep that one
// item: a text that goes on behind another one does not go on.
func stringsIn(object any, name string) []place {
	var all []place
	walkJSON(object, nil, "", func(v any, path []any, under string) {
		if _, word := v.(string); !word || len(path) == 0 {
			return
		}
		at := slices.Clone(path)
		all = append(all, place{name + "." + under, func(object any, text string) any {
			return alone(changed(object, at, text, func(_ any, text string) any { return text }), at)
		}})
	})
	return all
}

func alone(v any, path []any) any {
	if len(path) == 0 {
		return v
	}
	switch k := path[0].(type) {
	case string:
		v.(map[string]any)[k] = alone(v.(map[string]any)[k], path[1:])
	case int:
		return []any{alone(v.([]any)[k], path[1:])}
	}
	return v
}

// The attack: the text is cut, and the pieces stand side by side where no message
// is: in metadata, in a prediction's parts, in the descriptions of tools, in lists
// of a schema. Each is tried with the refused text and with a harmless twin, as in
// TestEveryPlaceIsJudged.
func TestSiblingsAreJoined(t *testing.T) {
	l := lab(t)
	m := mode{"v1", true, false}
	verdicts := map[string]map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(fullest)) {
		body := parseJSON([]byte(fullest[name]))
		for _, f := range familiesOf(body) {
			for _, text := range []pair{listed, attack} {
				for _, n := range []int{2, 3} {
					verdict := judgeFamily(t, l, m, body, f, text, n)
					if verdicts[verdict] == nil {
						verdicts[verdict] = map[string]bool{}
					}
					verdicts[verdict][index.ReplaceAllString(f.name, "[*]")] = true
					totals.add("siblings", 1)
				}
			}
		}
	}
	for verdict, families := range verdicts {
		t.Logf("%s: %d kinds of families", verdict, len(families))
		for _, f := range slices.Sorted(maps.Keys(families)) {
			if verdict != "open" && !closedFamily(f) {
				t.Errorf("%s: %s, and is not listed as a place without free text", f, verdict)
			}
		}
	}
}

// closedFamily is closedPlace for families.
func closedFamily(f string) bool {
	return closedPlace(strings.ReplaceAll(f, "<copies>", ""))
}

func judgeFamily(t *testing.T, l *Lab, m mode, body any, f family, text pair, n int) string {
	t.Helper()
	before := l.Mock.Stats().Requests
	blocked := m.send(l, text.deployment, f.put(body, pieces(text.blocked, n)))
	sawBad := l.Mock.Stats().Requests - before
	sentBad := sawBad > 0 && !slices.ContainsFunc(pieces(text.blocked, n), func(p string) bool { return !anyHolds(l, p) })
	l.Mock.Forget()
	twin := m.send(l, text.deployment, f.put(body, pieces(text.twin, n)))
	sawTwin := l.Mock.Stats().Requests - before - sawBad
	sentTwin := sawTwin > 0 && !slices.ContainsFunc(pieces(text.twin, n), func(p string) bool { return !anyHolds(l, p) })
	l.Mock.Forget()

	if v := (trial{blocked, twin, sawBad, sawTwin, sentBad, sentTwin}).verdict(text.category); v != "" {
		return v
	}
	t.Errorf("%s, %s in %d pieces: refused text: %s, upstream saw it: %v; twin: %s, upstream saw it: %v", f.name, text.name, n, blocked.brief(), sentBad, twin.brief(), sentTwin)
	return "wrong"
}
