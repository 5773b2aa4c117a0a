package filter

import (
	"slices"

	"sallyport/guard"
	"sallyport/guard/material"
	"sallyport/guard/normalize"
)

// sheet gathers findings into one report: per category the worst of all texts.
type sheet struct {
	rules    *Rules
	types    []string // of rules.Personal, sorted
	side     Side
	version  string
	harm     [4]guard.Verdict
	attacks  [2]guard.Verdict // jailbreak, indirect
	lists    map[string]bool  // hit, by list
	personal map[string]Mode  // found, by type
	disguise normalize.Set
	works    [2]guard.Verdict // texts, code
	claims   guard.Verdict
	points   []guard.Span // ungrounded statements, released
	blocked  bool
	redacted bool
	noted    bool
}

func newSheet(rules *Rules, types []string, version string, side Side) *sheet {
	s := &sheet{rules: rules, types: types, side: side, version: version}
	for i, c := range guard.Harms {
		s.harm[i] = guard.Verdict{Category: c, Stage: "ngram", Version: version}
	}
	s.attacks[0] = guard.Verdict{Category: guard.Jailbreak, Stage: "ngram", Version: version}
	s.attacks[1] = guard.Verdict{Category: guard.IndirectAttack, Stage: "ngram", Version: version}
	for i, c := range workKinds {
		s.works[i] = guard.Verdict{Category: c, Stage: "index", Version: version}
	}
	s.claims = guard.Verdict{Category: guard.Ungrounded, Stage: "grounding", Version: version}
	return s
}

// takeUngrounded notes a statement that no document carries.
func (s *sheet) takeUngrounded(rule Otherwise) {
	s.claims.Detected, s.noted = true, true
	switch rule {
	case RemoveStatement:
		s.claims.Filtered, s.redacted = true, true
	case EndAnswer:
		s.claims.Filtered, s.blocked = true, true
	}
}

// takeWorks notes the registered works of a kind that were found.
func (s *sheet) takeWorks(kind int, found []material.Match) {
	if len(found) == 0 {
		return
	}
	v := &s.works[kind]
	v.Detected, s.noted = true, true
	if v.License = found[0].Work.License; len(found[0].Work.Sources) > 0 {
		v.Source = found[0].Work.Sources[0]
	}
	if s.rules.Works[kind].Mode == Block {
		v.Filtered, s.blocked = true, true
	}
}

// add takes the findings of one text in.
func (s *sheet) add(f Findings) { s.take(f, false) }

// addSeam takes the findings of a seam in: personal data found there lies across
// two texts, so what policy would mask is blocked.
func (s *sheet) addSeam(f Findings) { s.take(f, true) }

func (s *sheet) take(f Findings, seam bool) {
	for i := range s.harm {
		s.takeHarm(i, f)
	}
	s.takeAttack(0, f.Jailbreak, s.rules.Jailbreak)
	s.takeAttack(1, f.Indirect, s.rules.Indirect)
	s.takeDisguises(f.Disguises)
	for _, t := range f.Terms {
		if s.lists == nil {
			s.lists = map[string]bool{}
		}
		s.lists[t.List], s.blocked = true, true
	}
	for _, e := range f.Personal {
		mode, listed := s.rules.Personal[e.Type]
		if !listed || mode == Off {
			continue
		}
		if seam && mode == Mask {
			mode = Block
		}
		s.takePersonal(e.Type, mode)
	}
}

func (s *sheet) takeHarm(i int, f Findings) {
	t := s.rules.Harm[i]
	if t.Mode == Off {
		return
	}
	v := &s.harm[i]
	v.Severity, v.Score = max(v.Severity, f.Severity[i]), max(v.Score, f.Score[i])
	v.Detected = v.Severity >= 4
	if t.blocks(v.Severity) {
		v.Filtered, s.blocked = true, true
	}
	s.noted = s.noted || v.Severity >= 2
}

func (s *sheet) takeAttack(i int, a Attack, mode Mode) {
	if mode == Off {
		return
	}
	v := &s.attacks[i]
	v.Score = max(v.Score, a.Score)
	if !a.Detected {
		return
	}
	v.Detected, s.noted = true, true
	if mode == Block {
		v.Filtered, s.blocked = true, true
	}
}

// takeDisguises notes how a prompt was written. A text with more disguises than can
// be undone was not read in full: that is an attempt on the guards themselves, and
// the category of such is jailbreak.
func (s *sheet) takeDisguises(d normalize.Set) {
	if s.side == AnswerSide {
		return
	}
	s.disguise |= d
	if !d.Has(normalize.Overflow) || s.rules.Overflow == Off {
		return
	}
	v := &s.attacks[0]
	v.Detected, v.Stage, s.noted = true, "normalize", true
	if s.rules.Overflow == Block {
		v.Filtered, s.blocked = true, true
	}
}

func (s *sheet) takePersonal(kind string, mode Mode) {
	if s.personal == nil {
		s.personal = map[string]Mode{}
	}
	if had, ok := s.personal[kind]; !ok || mode < had {
		s.personal[kind] = mode
	}
	s.noted = true
	switch mode {
	case Block:
		s.blocked = true
	case Mask:
		s.redacted = true
	}
}

// block refuses in the name of a category.
func (s *sheet) block(c guard.Category) {
	s.blocked = true
	if c == guard.PersonalData {
		for t, m := range s.personal {
			if m == Mask {
				s.personal[t] = Block
			}
		}
	}
}

func (s *sheet) refused() bool { return s.blocked }

// report is what was found so far, in scanned of total bytes to look at.
func (s *sheet) report(scanned, total int) guard.Report {
	r := guard.Report{Action: s.action(), Scanned: scanned, Total: total}
	r.Verdicts = make([]guard.Verdict, 0, len(s.harm)+len(s.attacks)+len(s.rules.Blocklists)+len(s.personal))
	for i, v := range s.harm {
		if s.rules.Harm[i].Mode != Off {
			r.Verdicts = append(r.Verdicts, v)
		}
	}
	if s.side == PromptSide && (s.rules.Jailbreak != Off || s.attacks[0].Filtered) {
		r.Verdicts = append(r.Verdicts, s.attacks[0])
	}
	if s.side == PromptSide && s.rules.Indirect != Off {
		r.Verdicts = append(r.Verdicts, s.attacks[1])
	}
	for _, l := range s.rules.Blocklists {
		r.Verdicts = append(r.Verdicts, guard.Verdict{Category: guard.Blocklist, Label: l.Name(), Stage: "rules", Version: s.version, Detected: s.lists[l.Name()], Filtered: s.lists[l.Name()]})
	}
	if s.side == AnswerSide {
		for i := range s.works {
			if s.rules.Works[i].on() {
				r.Verdicts = append(r.Verdicts, s.works[i])
			}
		}
		if s.rules.Ungrounded != Anything {
			v := s.claims
			v.Points = slices.Clone(s.points)
			r.Verdicts = append(r.Verdicts, v)
		}
	}
	for k := range s.disguise.All() {
		r.Verdicts = append(r.Verdicts, guard.Verdict{Category: guard.Disguise, Label: k.String(), Stage: "normalize", Version: s.version, Detected: true})
	}
	for _, t := range s.types {
		mode, found := s.personal[t]
		if s.rules.Personal[t] == Off || !found {
			continue
		}
		r.Verdicts = append(r.Verdicts, guard.Verdict{Category: guard.PersonalData, Label: t, Stage: "rules", Version: s.version, Detected: true, Filtered: mode == Block || mode == Mask})
	}
	return r
}

func (s *sheet) action() guard.Action {
	switch {
	case s.blocked:
		return guard.Refuse
	case s.redacted:
		return guard.Redact
	case s.noted:
		return guard.Annotate
	}
	return guard.Pass
}

// merge takes over all that other found.
func (s *sheet) merge(other *sheet) {
	for i := range s.harm {
		s.harm[i] = worse(s.harm[i], other.harm[i])
	}
	for i := range s.attacks {
		s.attacks[i] = worse(s.attacks[i], other.attacks[i])
	}
	for l := range other.lists {
		if s.lists == nil {
			s.lists = map[string]bool{}
		}
		s.lists[l] = true
	}
	for t, m := range other.personal {
		s.takePersonal(t, m)
	}
	s.disguise |= other.disguise
	for i := range s.works {
		if !s.works[i].Detected {
			s.works[i].License, s.works[i].Source = other.works[i].License, other.works[i].Source
		}
		s.works[i] = worse(s.works[i], other.works[i])
	}
	s.claims = worse(s.claims, other.claims)
	s.points = append(s.points, other.points...)
	s.blocked = s.blocked || other.blocked
	s.redacted = s.redacted || other.redacted
	s.noted = s.noted || other.noted
}

func worse(a, b guard.Verdict) guard.Verdict {
	a.Severity, a.Score = max(a.Severity, b.Severity), max(a.Score, b.Score)
	a.Detected, a.Filtered = a.Detected || b.Detected, a.Filtered || b.Filtered
	return a
}
