// Package raw holds the one representation of content. It sits below
// custody/content so that only custody/content and custody/content/open can
// reach it: the Go toolchain enforces that nobody else opens a Text.
package raw

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Placeholder is what every printing path shows instead of content.
const Placeholder = "[content]"

var errSealed = errors.New("content cannot be encoded; it is opened only by custody/content/open")

// Text is a piece of content: a prompt, an answer, a document. The zero Text is empty.
// It cannot be printed, logged or encoded.
type Text struct{ s string }

// New wraps s. Wrapping needs no privilege; opening does.
func New(s string) Text { return Text{s} }

// Open returns the characters of t.
func Open(t Text) string { return t.s }

// Len is the length in bytes.
func (t Text) Len() int { return len(t.s) }

// Empty reports whether t has no characters.
func (t Text) Empty() bool { return t.s == "" }

// Cut returns the first n bytes of t, or fewer so that no character is cut.
func (t Text) Cut(n int) Text {
	if n >= len(t.s) {
		return t
	}
	for n = max(n, 0); n > 0 && t.s[n]&0xC0 == 0x80; n-- {
	}
	return Text{t.s[:n]}
}

// Format satisfies fmt.Formatter, for every verb and flag: without it %v would
// print the unexported field.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Placeholder) }

// LogValue satisfies slog.LogValuer.
func (t Text) LogValue() slog.Value { return slog.StringValue(Placeholder) }

// The encoders below refuse, so that a struct with a Text in it fails loudly
// instead of writing an empty object that looks like success.

// MarshalJSON always fails.
func (t Text) MarshalJSON() ([]byte, error) { return nil, errSealed }

// MarshalText always fails.
func (t Text) MarshalText() ([]byte, error) { return nil, errSealed }

// GobEncode always fails.
func (t Text) GobEncode() ([]byte, error) { return nil, errSealed }

// Builder joins texts. The zero Builder is empty; it must not be copied after use.
type Builder struct{ b []byte }

// Add appends t.
func (b *Builder) Add(t Text) { b.b = append(b.b, t.s...) }

// Text returns all that was added.
func (b *Builder) Text() Text { return Text{string(b.b)} }
