package openai

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"sallyport/internal/gate"
	"sallyport/internal/resource"
	"sallyport/internal/surface/httpx"
)

// visible are the models behind the deployments that the caller may use, once
// each, by id. A model that only others may use does not exist.
func (c *call) visible() []resource.Model {
	var found []resource.Model
	ctx := c.r.Context()
	for name, d := range c.visit.Resource.Deployments {
		action := gate.ChatCompletions
		if d.Model.Can == resource.Embedding {
			action = gate.Embeddings
		}
		if c.caller.May(ctx, action, name) {
			found = append(found, d.Model)
		}
	}
	slices.SortFunc(found, func(a, b resource.Model) int { return cmp.Compare(a.ID(), b.ID()) })
	return slices.CompactFunc(found, func(a, b resource.Model) bool { return a.ID() == b.ID() })
}

// enterList authorises a list: on the resource, or else on a deployment, for a
// caller whose roles reach no further.
func (c *call) enterList() error {
	ctx, deployment := c.r.Context(), ""
	if r := c.visit.Resource; r != nil && !c.caller.May(ctx, gate.ModelsRead, "") {
		for _, name := range slices.Sorted(maps.Keys(r.Deployments)) {
			if c.caller.May(ctx, gate.ModelsRead, name) {
				deployment = name
				break
			}
		}
	}
	return c.enter(deployment)
}

func (c *call) models() error {
	if err := c.enterList(); err != nil {
		return err
	}
	b := append(make([]byte, 0, 2048), `{"object":"list","data":[`...)
	for i, m := range c.visible() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendModel(b, m)
	}
	return c.listed(append(b, `]}`...))
}

func (c *call) model() error {
	if err := c.enterList(); err != nil {
		return err
	}
	for _, m := range c.visible() {
		if m.ID() == c.ids[0] {
			return c.listed(appendModel(make([]byte, 0, 512), m))
		}
	}
	return &Problem{Status: http.StatusNotFound, Code: "ModelNotFound", Message: "The specified model does not exist.", outcome: gate.NotFound}
}

// listed records and then writes.
func (c *call) listed(body []byte) error {
	c.handed = true
	if err := c.entry.Record(context.WithoutCancel(c.r.Context()), gate.Outcome{Status: http.StatusOK, OK: true}); err != nil {
		return err
	}
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_ = httpx.WriteOnce(c.w, http.StatusOK, body)
	return nil
}

// appendModel appends the union of the dated and the v1 shape (section 9).
func appendModel(b []byte, m resource.Model) []byte {
	created := max(m.Created.Unix(), 0)
	b = append(b, `{"id":`...)
	b = appendWord(b, m.ID())
	b = append(b, `,"object":"model","status":"succeeded","created":`...)
	b = strconv.AppendInt(b, created, 10)
	b = append(b, `,"created_at":`...)
	b = strconv.AppendInt(b, created, 10)
	b = append(b, `,"updated_at":`...)
	b = strconv.AppendInt(b, created, 10)
	b = append(b, `,"owned_by":"organization","capabilities":{"fine_tune":false,"inference":true,"completion":false,"chat_completion":`...)
	b = strconv.AppendBool(b, m.Can == resource.Chat)
	b = append(b, `,"embeddings":`...)
	b = strconv.AppendBool(b, m.Can == resource.Embedding)
	return append(b, `},"lifecycle_status":"generally-available"}`...)
}
