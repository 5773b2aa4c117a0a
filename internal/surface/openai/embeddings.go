package openai

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"net/http"
	"strconv"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/exchange"
	"sallyport/internal/surface/httpx"
)

// decodeEmbeddings turns a body into a request for vectors.
func decodeEmbeddings(body json.Value) (r exchange.EmbedRequest, asBase64 bool, err error) {
	d := decoder{}
	err = d.walk(EmbeddingsSchema, body, func(json.Member) *Problem {
		return invalid("", codeParameter, "The request holds a parameter that is not supported.")
	})
	return d.embed, d.base64, err
}

// input takes a text or an array of texts. Token ids are refused: nobody could
// judge what they say.
func (d *decoder) input(f *Field, v json.Value) *Problem {
	if v.Kind == json.String {
		return d.inputText(f.Name, v)
	}
	if len(v.Items) == 0 {
		return invalid(f.Name, codeValue, "Invalid 'input': expected at least one text.")
	}
	d.embed.Texts = make([]content.Text, 0, len(v.Items))
	for i, item := range v.Items {
		if item.Kind == json.Number || item.Kind == json.Array {
			return invalid(f.Name, codeUnsupported, "Token ids are not supported by this service: 'input' must be text.")
		}
		if p := d.inputText(at(f.Name, i), item); p != nil {
			return p
		}
	}
	return nil
}

func (d *decoder) inputText(where string, v json.Value) *Problem {
	if v.Kind != json.String {
		return wrongType(where, String)
	}
	if v.Text.Empty() {
		return invalid(where, codeValue, "Invalid '"+where+"': the text is empty.")
	}
	d.embed.Texts = append(d.embed.Texts, v.Text)
	return nil
}

func (c *call) embed() error {
	var (
		request  exchange.EmbedRequest
		asBase64 bool
	)
	err := c.body(func(v json.Value) (err error) {
		request, asBase64, err = decodeEmbeddings(v)
		return err
	})
	if err != nil {
		return err
	}
	c.handed = true
	a, err := c.entry.Embed(c.r.Context(), request)
	if err != nil {
		return err
	}
	if len(a.Vectors) != len(request.Texts) {
		return errors.New("embeddings: not one vector per text")
	}
	limitHeaders(c.w.Header(), a.Limits)
	c.answered()
	withBuffer(func(b []byte) []byte {
		b = appendEmbeddings(b, c.entry.Deployment().Model.ID(), &a, asBase64)
		c.w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_ = httpx.WriteOnce(c.w, http.StatusOK, b)
		return b
	})
	return nil
}

// appendEmbeddings appends the list of section 7.
func appendEmbeddings(b []byte, model string, a *Embedded, asBase64 bool) []byte {
	b = append(b, `{"object":"list","model":`...)
	b = appendWord(b, model)
	b = append(b, `,"data":[`...)
	for i, v := range a.Vectors {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"object":"embedding","index":`...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, `,"embedding":`...)
		if asBase64 {
			b = appendBase64(b, v)
		} else {
			b = appendFloats(b, v)
		}
		b = append(b, '}')
	}
	b = append(b, `],"usage":{"prompt_tokens":`...)
	b = strconv.AppendInt(b, int64(a.Usage.Prompt), 10)
	b = append(b, `,"total_tokens":`...)
	b = strconv.AppendInt(b, int64(a.Usage.Prompt), 10)
	return append(b, `}}`...)
}

func appendFloats(b []byte, v exchange.Vector) []byte {
	b = append(b, '[')
	for i, f := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(f), 'g', -1, 32)
	}
	return append(b, ']')
}

// appendBase64 appends the vector as base64 of little-endian float32, which the
// Python and Node clients ask for by default. Three numbers are 12 bytes and 16
// characters, so the pieces join without padding in between.
func appendBase64(b []byte, v exchange.Vector) []byte {
	b = append(b, '"')
	var piece [12 * 64]byte
	for len(v) > 0 {
		n := min(len(v), len(piece)/4)
		for i, f := range v[:n] {
			binary.LittleEndian.PutUint32(piece[4*i:], math.Float32bits(f))
		}
		b = base64.StdEncoding.AppendEncode(b, piece[:4*n])
		v = v[n:]
	}
	return append(b, '"')
}
