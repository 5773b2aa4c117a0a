package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"sallyport/internal/gate/access"
)

// The control socket is how the command line changes a running service: a Unix
// socket in the state folder, mode 0600, so whoever may read the state's key may
// use it and nobody else. It is not reachable over any network.

const (
	controlSocket   = "control.sock"
	controlDeadline = 20 * time.Second
	controlLimit    = 64 << 10 // bytes of a request
	replyLimit      = 16 << 20 // bytes of an answer: a list of assignments is long
)

// Admin is what the command line does to the state, by the service that owns it
// or, when none runs, by the command itself.
type Admin interface {
	NewKey(ctx context.Context, resource, slot string) (key string, err error)
	AddRole(ctx context.Context, a access.Assignment) (Grant, error)
	// RemoveRole takes back the grant with the ID.
	RemoveRole(ctx context.Context, id string) (Grant, error)
	Roles(ctx context.Context) ([]Grant, error)
	// NewLink mints a one-time sign-in link for the person of that name, who is
	// made if there is none yet; the very first one becomes the administrator.
	NewLink(ctx context.Context, person string, groups []string) (Link, error)
}

// Grant is a role assignment as the command line shows it.
type Grant struct {
	access.Assignment
	ID   string // short, made of the assignment's own
	Name string // of the person; "" for groups and for people of identity providers
}

// Link lets a person in once.
type Link struct {
	URL    string
	Person string // for --to person:ID
	Name   string
}

// request is one call over the socket.
type request struct {
	Call       string             `json:"call"`
	Resource   string             `json:"resource,omitempty"`
	Slot       string             `json:"slot,omitempty"`
	ID         string             `json:"id,omitempty"`
	Person     string             `json:"person,omitempty"`
	Groups     []string           `json:"groups,omitempty"`
	Assignment *access.Assignment `json:"assignment,omitempty"`
}

// reply is its answer. Error is a sentence for the person at the terminal.
type reply struct {
	Error string  `json:"error,omitempty"`
	Value string  `json:"value,omitempty"`
	Link  Link    `json:"link,omitzero"`
	Roles []Grant `json:"roles,omitempty"`
}

// socketAddress reaches the socket through an open folder, because the path of a
// Unix socket may have 107 bytes only and state folders lie deep.
func socketAddress(dir *os.File) string {
	return "/proc/self/fd/" + strconv.Itoa(int(dir.Fd())) + "/" + controlSocket
}

// control serves an Admin on the socket of a state folder.
type control struct {
	dir    *os.File
	server *http.Server
	done   chan struct{}
}

func serveControl(stateDir string, a Admin) (*control, error) {
	dir, err := os.Open(stateDir)
	if err != nil {
		return nil, fmt.Errorf("opening the state folder: %w", err)
	}
	// The state's lock is held: a socket that is left is of a process that died.
	_ = os.Remove(filepath.Join(stateDir, controlSocket))
	l, err := net.Listen("unix", socketAddress(dir))
	if err != nil {
		_ = dir.Close()
		return nil, fmt.Errorf("listening on the control socket: %w", err)
	}
	if err := os.Chmod(filepath.Join(stateDir, controlSocket), 0o600); err != nil {
		_ = l.Close()
		_ = dir.Close()
		return nil, fmt.Errorf("closing the control socket to others: %w", err)
	}
	c := &control{dir: dir, done: make(chan struct{})}
	c.server = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answerControl(w, r, a) }),
		ReadHeaderTimeout: controlDeadline, ReadTimeout: controlDeadline, WriteTimeout: controlDeadline,
	}
	go func() { defer close(c.done); _ = c.server.Serve(l) }()
	return c, nil
}

func (c *control) stop(ctx context.Context) error {
	err := c.server.Shutdown(ctx)
	<-c.done
	return errors.Join(err, c.dir.Close())
}

func answerControl(w http.ResponseWriter, r *http.Request, a Admin) {
	ctx, cancel := context.WithTimeout(r.Context(), controlDeadline)
	defer cancel()
	var req request
	d := json.NewDecoder(io.LimitReader(r.Body, controlLimit))
	d.DisallowUnknownFields()
	if err := d.Decode(&req); err != nil {
		writeReply(w, reply{Error: "the request could not be read"})
		return
	}
	out, err := perform(ctx, a, req)
	if err != nil {
		out = reply{Error: err.Error()}
	}
	writeReply(w, out)
}

func writeReply(w http.ResponseWriter, r reply) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(r)
}

func perform(ctx context.Context, a Admin, r request) (reply, error) {
	switch r.Call {
	case "key":
		key, err := a.NewKey(ctx, r.Resource, r.Slot)
		return reply{Value: key}, err
	case "link":
		link, err := a.NewLink(ctx, r.Person, r.Groups)
		return reply{Link: link}, err
	case "role.list":
		roles, err := a.Roles(ctx)
		return reply{Roles: roles}, err
	case "role.remove":
		g, err := a.RemoveRole(ctx, r.ID)
		return reply{Roles: []Grant{g}}, err
	case "role.add":
		if r.Assignment == nil {
			return reply{}, errors.New("no role was named")
		}
		g, err := a.AddRole(ctx, *r.Assignment)
		return reply{Roles: []Grant{g}}, err
	}
	return reply{}, errors.New("the running service does not know this command")
}

// remote is the Admin of a running service.
type remote struct {
	http *http.Client
	dir  *os.File
}

// errNotRunning says that no service listens on the socket.
var errNotRunning = errors.New("no service runs on this state folder")

func dialControl(stateDir string) (*remote, error) {
	dir, err := os.Open(stateDir)
	if err != nil {
		return nil, fmt.Errorf("opening the state folder: %w", err)
	}
	c, err := net.DialTimeout("unix", socketAddress(dir), controlDeadline)
	if err != nil {
		_ = dir.Close()
		return nil, errNotRunning
	}
	_ = c.Close()
	r := &remote{dir: dir}
	r.http = &http.Client{Timeout: controlDeadline, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socketAddress(dir))
		},
	}}
	return r, nil
}

func (r *remote) close() {
	r.http.CloseIdleConnections()
	_ = r.dir.Close()
}

func (r *remote) call(ctx context.Context, req request) (reply, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return reply{}, err
	}
	hr, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://control/", bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	resp, err := r.http.Do(hr)
	if err != nil {
		return reply{}, fmt.Errorf("asking the running service: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out reply
	if err := json.NewDecoder(io.LimitReader(resp.Body, replyLimit)).Decode(&out); err != nil {
		return reply{}, fmt.Errorf("reading the running service's answer: %w", err)
	}
	if out.Error != "" {
		return reply{}, errors.New(out.Error)
	}
	return out, nil
}

func (r *remote) NewKey(ctx context.Context, resource, slot string) (string, error) {
	out, err := r.call(ctx, request{Call: "key", Resource: resource, Slot: slot})
	return out.Value, err
}

func (r *remote) AddRole(ctx context.Context, a access.Assignment) (Grant, error) {
	return r.grant(ctx, request{Call: "role.add", Assignment: &a})
}

func (r *remote) RemoveRole(ctx context.Context, id string) (Grant, error) {
	return r.grant(ctx, request{Call: "role.remove", ID: id})
}

func (r *remote) grant(ctx context.Context, req request) (Grant, error) {
	out, err := r.call(ctx, req)
	if err != nil || len(out.Roles) != 1 {
		return Grant{}, err
	}
	return out.Roles[0], nil
}

func (r *remote) Roles(ctx context.Context) ([]Grant, error) {
	out, err := r.call(ctx, request{Call: "role.list"})
	return out.Roles, err
}

func (r *remote) NewLink(ctx context.Context, person string, groups []string) (Link, error) {
	out, err := r.call(ctx, request{Call: "link", Person: person, Groups: groups})
	return out.Link, err
}
