package conversation_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
)

// fill puts a text of its own into every place of v where a text can stand, and
// returns them. It walks the types, so a field that is added tomorrow is filled too.
func fill(v reflect.Value, put func() content.Text, depth int) {
	switch t := v.Interface().(type) {
	case content.Text:
		v.Set(reflect.ValueOf(put()))
		return
	case json.Value:
		_ = t
		name, inner, item := put(), put(), put()
		v.Set(reflect.ValueOf(json.Value{Kind: json.Object, Members: []json.Member{{Name: name, Value: json.Value{Kind: json.Array, Items: []json.Value{
			{Kind: json.String, Text: item}, {Kind: json.Object, Members: []json.Member{{Name: inner, Value: json.Value{Kind: json.Null}}}},
		}}}}}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), put, depth)
		}
	case reflect.Slice:
		if depth < 4 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			fill(v.Index(0), put, depth+1)
			fill(v.Index(1), put, depth+1)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), put, depth)
	}
}

// TestTextsWalksEveryText: nothing that a caller can write into a conversation
// passes by the one walk, and each text is walked once.
func TestTextsWalksEveryText(t *testing.T) {
	var c conversation.Conversation
	var want []content.Text
	fill(reflect.ValueOf(&c).Elem(), func() content.Text {
		x := content.New(fmt.Sprintf("text %d", len(want)))
		want = append(want, x)
		return x
	}, 0)
	if len(want) < 50 {
		t.Fatalf("%d texts: the test fills too little", len(want))
	}
	seen := map[content.Text]int{}
	for l := range c.Texts() {
		seen[*l.Text]++
	}
	for i, x := range want {
		if seen[x] != 1 {
			t.Errorf("text %d is walked %d times", i, seen[x])
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d texts are walked of %d", len(seen), len(want))
	}
}

// TestWalkIsInPlace: what a mask writes through a leaf stands in the conversation.
func TestWalkIsInPlace(t *testing.T) {
	var c conversation.Conversation
	fill(reflect.ValueOf(&c).Elem(), func() content.Text { return content.New("secret") }, 0)
	for l := range c.Texts() {
		*l.Text = content.New("masked")
	}
	for l := range c.Texts() {
		if *l.Text != content.New("masked") {
			t.Fatalf("a text of %s was not masked in place", l.Path)
		}
	}
}

// TestWalkStops: whoever breaks out gets no more.
func TestWalkStops(t *testing.T) {
	var c conversation.Conversation
	fill(reflect.ValueOf(&c).Elem(), func() content.Text { return content.New("x") }, 0)
	n := 0
	for range c.Texts() {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("walked %d", n)
	}
}

// TestOrigins: only the words of a turn carry its origin; names, ids and unknown
// members are nobody's.
func TestOrigins(t *testing.T) {
	c := conversation.Conversation{Turns: []conversation.Turn{{
		Role: conversation.System, Extra: []json.Member{{Name: content.New("member"), Value: json.Value{Kind: json.String, Text: content.New("value")}}},
		Parts: []conversation.Part{
			{Kind: conversation.Text, Origin: conversation.Operator, Text: content.New("words"), Call: content.New("call"), Name: content.New("name")},
			{Kind: conversation.Text, Text: content.New("planted"), Joined: true},
		},
	}}, Stop: []content.Text{content.New("stop")}}
	var trusted []content.Text
	for l := range c.Texts() {
		if l.Origin != conversation.Untrusted {
			trusted = append(trusted, *l.Text)
		}
	}
	if !slices.Equal(trusted, []content.Text{content.New("words")}) {
		t.Errorf("%d texts are trusted", len(trusted))
	}
	for role, want := range map[conversation.Role]conversation.Origin{
		conversation.UnknownRole: conversation.Untrusted, conversation.System: conversation.Operator, conversation.Developer: conversation.Operator,
		conversation.UserRole: conversation.User, conversation.Assistant: conversation.Model, conversation.Tool: conversation.Untrusted,
		conversation.Function: conversation.Untrusted, 99: conversation.Untrusted,
	} {
		if got := conversation.TurnOrigin(role); got != want {
			t.Errorf("role %v: origin %d, want %d", role, got, want)
		}
	}
}

// TestLongNumbersAreTexts: a card number needs no quotes to be one.
func TestLongNumbersAreTexts(t *testing.T) {
	c := conversation.Conversation{Extra: []json.Member{{Name: content.New("n"), Value: json.Value{Kind: json.Array, Items: []json.Value{
		{Kind: json.Number, Number: "4111111111111111"}, {Kind: json.Number, Number: "12"},
	}}}}}
	var numbers []content.Text
	for l := range c.Texts() {
		if l.Number {
			numbers = append(numbers, *l.Text)
		}
	}
	if !slices.Equal(numbers, []content.Text{content.New("4111111111111111")}) {
		t.Errorf("%d numbers are walked", len(numbers))
	}
}

func TestZeroWordsAreEmpty(t *testing.T) {
	if conversation.Role(99).String() != "" || conversation.Finish(99).String() != "" || conversation.NotFinished.String() != "" || conversation.UnknownRole.String() != "" {
		t.Error("what is unknown has a word")
	}
}

// TestSiblingsShareAPlace: what stands in one object, and what stands in the same
// member of objects of one form, can be told from the rest.
func TestSiblingsShareAPlace(t *testing.T) {
	v, err := json.Parse([]byte(`{"tools":[{"d":"one","n":{"d":"deep"},"e":"other"},{"d":"two"}],"list":["three","four"]}`), json.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	c := conversation.Conversation{Tools: v}
	at := map[content.Text]conversation.Leaf{}
	for l := range c.Texts() {
		if !l.Named {
			at[*l.Text] = l
		}
	}
	leaf := func(s string) conversation.Leaf { return at[content.New(s)] }
	if leaf("one").Object != leaf("other").Object || leaf("one").Object == leaf("two").Object || leaf("three").Object != leaf("four").Object {
		t.Error("objects are mixed up")
	}
	if leaf("one").Column != leaf("two").Column || leaf("one").Column == leaf("deep").Column || leaf("one").Column == leaf("other").Column || leaf("one").Column == 0 {
		t.Error("columns are mixed up")
	}
}
