// Package normalize reads a text the way a language model would: disguises of
// letters are undone, so that a guard sees "ignore" where the bytes say
// fullwidth, mathematical, look-alike or invisible-padded letters.
//
// It is for matching only. The text that is sent on or masked is always the
// original, found again through Reading.Original and Reading.Span.
//
// What is folded: case; compatibility forms (NFKD: width, circles,
// ligatures, mathematical letters); marks on Latin letters; look-alike
// letters of other scripts, but only in tokens that mix scripts or that
// stand as disguises in a Latin text, so genuine Cyrillic or Greek stays;
// white space, one character a run ('\n' when the run breaks a line).
// What is removed: zero-width and other format characters, bidirectional
// controls, control and private-use characters, variation selectors, floods of
// combining marks. Hidden ASCII in Unicode tags and hidden bytes in runs of variation selectors are
// decoded into the text.
//
// What cannot be folded in place has further readings, Reading.Views: letters apart, leetspeak,
// codes (base64 and the like), ciphers, literals that code joins, what HTML and Markdown
// hide, marks of roles. They are added, never put in the place of the text itself. Which disguises were met is
// told by Reading.Kinds and Reading.Disguises; a text of which nothing is left
// by Reading.Empty.
//
// Every function is linear in the length of its input and cannot fail: bytes
// that are no UTF-8 become U+FFFD one by one.
package normalize
