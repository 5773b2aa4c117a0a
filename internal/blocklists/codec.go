package blocklists

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
)

// A record is {"name","description","items":[[id, text, description, pattern]…]}.

func encode(r *record) ([]byte, error) {
	b := append(make([]byte, 0, 128+128*len(r.Items)), `{"name":`...)
	b = open.AppendQuoted(b, content.New(r.Name))
	b = append(b, `,"description":`...)
	b = open.AppendQuoted(b, r.Description)
	b = append(b, `,"items":[`...)
	for i, it := range r.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = open.AppendQuoted(b, content.New(it.ID))
		b = append(b, ',')
		b = open.AppendQuoted(b, it.Text)
		b = append(b, ',')
		b = open.AppendQuoted(b, it.Description)
		b = append(b, ',')
		b = append(strconv.AppendBool(b, it.Pattern), ']')
	}
	return append(b, "]}"...), nil
}

var errRecord = errors.New("blocklists: a record has another form")

func decode(b []byte, r *record) error {
	v, err := json.Parse(b, json.Limits{Values: 8 * MaxTerms})
	if err != nil {
		return err
	}
	name, _ := v.Member("name")
	description, _ := v.Member("description")
	items, _ := v.Member("items")
	if name.Kind != json.String || description.Kind != json.String || items.Kind != json.Array {
		return errRecord
	}
	*r = record{List: List{Name: open.String(name.Text), Description: description.Text}, Items: make([]Item, len(items.Items))}
	for i, it := range items.Items {
		f := it.Items
		if len(f) != 4 || f[0].Kind != json.String || f[1].Kind != json.String || f[2].Kind != json.String || f[3].Kind != json.Bool {
			return errRecord
		}
		r.Items[i] = Item{ID: open.String(f[0].Text), Text: f[1].Text, Description: f[2].Text, Pattern: f[3].Bool}
	}
	return nil
}

// newID is a UUID of version 7 (RFC 9562): time first, then random.
func newID(now time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(b[:6], ms[2:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
