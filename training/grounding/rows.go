package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"

	"sallyport/training/corpus"
)

// example is an answer with its sources.
type example struct {
	source   string // the file, or the generator
	kind     string
	license  string
	dev      bool
	context  string
	question string
	response string
	bad      bool // says something that the sources do not carry
}

func (e *example) group() uint32 {
	h := fnv.New32a()
	h.Write([]byte(e.context))
	return h.Sum32()
}

// document is a text that generators work on.
type document struct {
	source, text string
	dev          bool
}

// rows calls f with every line of a file.
func rows(name string, f func([]byte) error) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 4<<20)
	for sc.Scan() {
		if err := f(sc.Bytes()); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
	}
	return sc.Err()
}

// labelled reads the rows of the folder grounded that have a label.
func labelled(data string) ([]example, error) {
	files, err := filepath.Glob(filepath.Join(data, "grounded", "*.jsonl.gz"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no files of task grounded in %s", data)
	}
	var out []example
	for _, name := range files {
		err := rows(name, func(line []byte) error {
			var r struct {
				Context, Question, Response, Split, License, Source string
				Label                                               *int
				Raw                                                 any    `json:"label_raw"`
				Kind                                                string `json:"kind"`
			}
			if err := json.Unmarshal(line, &r); err != nil {
				return err
			}
			if r.Label == nil || strings.TrimSpace(r.Response) == "" || strings.TrimSpace(r.Context) == "" {
				return nil
			}
			out = append(out, example{r.Source, fmt.Sprint(r.Raw), r.License, r.Split == "dev", r.Context, r.Question, r.Response, *r.Label == 1})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// documentFiles are read for their texts, if their licence permits it.
var documentFiles = []string{
	"qa/quoref_documents", "qa/counselchat_documents", "indirect/medical_advice", "indirect/agency_handbook", "indirect/incident_runbooks",
	"benign/t0_quoref", "benign/t0_duorc", "benign/t0_ropes",
}

// documents reads at most most texts of each file.
func documents(data string, most int) ([]document, error) {
	var out []document
	for _, f := range documentFiles {
		n := 0
		err := rows(filepath.Join(data, f+".jsonl.gz"), func(line []byte) error {
			var r struct{ Text, License, Split string }
			if err := json.Unmarshal(line, &r); err != nil {
				return err
			}
			if !corpus.Permissive(r.License) || n == most && r.Split != "dev" || len(r.Text) < 400 {
				return nil
			}
			if r.Split != "dev" {
				n++
			}
			out = append(out, document{filepath.Base(f), r.Text, r.Split == "dev"})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// answered reads questions with their answers, and makes a wrong one of each
// from the answers of other questions on the same document. Share-alike files
// are for measuring only.
func answered(data, set string) ([]example, error) {
	texts, licences := map[string]string{}, ""
	err := rows(filepath.Join(data, "qa", set+"_documents.jsonl.gz"), func(line []byte) error {
		var r struct {
			ID            string `json:"doc_id"`
			Text, License string
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		texts[r.ID], licences = r.Text, r.License
		return nil
	})
	if err != nil {
		return nil, err
	}
	type asked struct {
		Question, Split, Lang string
		Answers               []struct{ Text string }
		Docs                  []string `json:"doc_ids"`
	}
	byDoc, order := map[string][]asked{}, []string{}
	err = rows(filepath.Join(data, "qa", set+"_questions.jsonl.gz"), func(line []byte) error {
		var r asked
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		if len(r.Answers) == 0 || len(r.Docs) == 0 {
			return nil
		}
		d := r.Docs[0]
		if byDoc[d] == nil {
			order = append(order, d)
		}
		byDoc[d] = append(byDoc[d], r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []example
	for _, d := range order {
		qs := byDoc[d]
		for i, q := range qs {
			right := q.Answers[0].Text
			lang := ""
			if q.Lang != "" && q.Lang != "en" {
				lang = "-" + q.Lang
			}
			e := example{set + "_questions" + lang, "answer", licences, q.Split == "dev", texts[d], q.Question, right, false}
			out = append(out, e)
			for k := 1; k < len(qs); k++ {
				wrong := qs[(i+k)%len(qs)].Answers[0].Text
				if !strings.Contains(strings.ToLower(wrong), strings.ToLower(right)) && !strings.Contains(strings.ToLower(right), strings.ToLower(wrong)) {
					e.response, e.bad, e.kind = wrong, true, "answer_of_another_question"
					out = append(out, e)
					break
				}
			}
		}
	}
	return out, nil
}
