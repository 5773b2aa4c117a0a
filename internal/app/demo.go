package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sallyport/internal/demo"
	"sallyport/internal/demo/corpus"
	"sallyport/internal/gate/access"
	"sallyport/internal/gate/identity"
)

// The demo's accounts, named for their roles.
var accountNames = map[corpus.Account]string{
	corpus.Nurse: "Ward nurse", corpus.Analyst: "Finance analyst", corpus.Administrator: "Administrator",
}

// demoAPIVersion is the last dated stable version (reference, section 2).
const demoAPIVersion = "2024-10-21"

// Demo runs the sample organisation until ctx ends. What a person is shown goes
// to out.
func Demo(ctx context.Context, o demo.Options, version string, out io.Writer, log *slog.Logger) error {
	if err := absolute(&o); err != nil {
		return err
	}
	cert, err := demo.OpenCertificate(filepath.Join(o.State, "tls"), time.Now())
	if err != nil {
		return err
	}
	c, err := demo.Configure(o, cert, time.Now())
	if err != nil {
		return err
	}
	var a *App
	a, err = New(ctx, Options{
		Config: c, Version: version, Logger: log, Collections: corpus.Collections(),
		Examples: func(p identity.Principal) []string { return examples(p) },
	})
	if err != nil {
		return err
	}
	d := &sample{app: a, options: o, cert: cert}
	if err := d.prepare(ctx); err != nil {
		return errors.Join(err, a.Close())
	}
	a.o.Ready = func() error {
		if err := d.writeEnv(); err != nil {
			return err
		}
		d.introduce(out)
		return nil
	}
	return a.Run(ctx)
}

// absolute settles where things lie, so that what is printed can be used from
// any folder.
func absolute(o *demo.Options) (err error) {
	if o.State == "" {
		if o.State, err = demo.DefaultState(); err != nil {
			return err
		}
	}
	for _, p := range []*string{&o.State, &o.EnvFile, &o.BackendKeyFile} {
		if *p == "" {
			continue
		}
		if *p, err = filepath.Abs(*p); err != nil {
			return fmt.Errorf("finding %s: %w", *p, err)
		}
	}
	return nil
}

func examples(p identity.Principal) []string {
	for account, name := range accountNames {
		if p.Name == name {
			return account.Examples()
		}
	}
	return nil
}

// sample is the demo under way.
type sample struct {
	app     *App
	options demo.Options
	cert    demo.Certificate

	key, deniedKey string
	first          bool // this start made the first key
	links          map[corpus.Account]string
}

// prepare makes what the first start lacks and what every start makes anew.
func (d *sample) prepare(ctx context.Context) (err error) {
	if err := d.grant(ctx); err != nil {
		return err
	}
	if d.key, d.first, err = d.keyOf(ctx, "trust"); err != nil {
		return err
	}
	if d.deniedKey, _, err = d.keyOf(ctx, "vault"); err != nil {
		return err
	}
	d.links = map[corpus.Account]string{}
	for _, account := range corpus.Accounts {
		m, err := d.app.admin.member(ctx, accountNames[account], account.Groups())
		if err != nil {
			return err
		}
		if d.links[account], err = d.app.admin.link(ctx, m); err != nil {
			return err
		}
	}
	return d.crown(ctx)
}

// grant lets all staff use the page.
func (d *sample) grant(ctx context.Context) error {
	return d.assign(ctx, access.Assignment{
		Role: access.ChatUser, Subject: access.Subject{Kind: access.GroupSubject, ID: corpus.AllStaff}, Scope: access.Resource("trust"),
	})
}

// crown makes the administrator one.
func (d *sample) crown(ctx context.Context) error {
	m, err := d.app.admin.member(ctx, accountNames[corpus.Administrator], nil)
	if err != nil {
		return err
	}
	return d.assign(ctx, access.Assignment{
		Role: access.Administrator, Subject: access.Subject{Kind: access.PersonSubject, ID: m.ID}, Scope: access.Installation(),
	})
}

func (d *sample) assign(ctx context.Context, as access.Assignment) error {
	for _, have := range d.app.state.decider.List() {
		if have.ID() == as.ID() {
			return nil
		}
	}
	_, err := d.app.admin.AddRole(ctx, as)
	return err
}

// keyOf returns a key that works: the first one when this start makes it, else a
// fresh second one. Keys are kept as hashes, so the first is never shown again.
func (d *sample) keyOf(ctx context.Context, resource string) (key string, first bool, err error) {
	slot := identity.Key2
	if !d.app.state.directory.HasKey(resource, identity.Key1) {
		slot, first = identity.Key1, true
	}
	key, err = d.app.admin.NewKey(ctx, resource, slot.String())
	if first && err == nil {
		_, err = d.app.admin.NewKey(ctx, resource, identity.Key2.String())
	}
	return key, first, err
}

// variables are the lines of the env file (DESIGN, section 8).
func (d *sample) variables() [][2]string {
	url := d.app.Address("public")
	return [][2]string{
		{"SALLYPORT_URL", url},
		{"SALLYPORT_TLS_URL", d.app.Address("tls")},
		{"SALLYPORT_OPS_URL", d.app.Address("ops")},
		{"SALLYPORT_PID", fmt.Sprint(os.Getpid())},
		{"SALLYPORT_STATE", d.options.State},
		{"SALLYPORT_CA", d.cert.CAFile},
		{"SALLYPORT_SIGNIN_NURSE", d.links[corpus.Nurse]},
		{"SALLYPORT_SIGNIN_ANALYST", d.links[corpus.Analyst]},
		{"SALLYPORT_SIGNIN_ADMINISTRATOR", d.links[corpus.Administrator]},
		{"AZURE_OPENAI_ENDPOINT", url},
		{"AZURE_OPENAI_API_KEY", d.key},
		{"OPENAI_API_VERSION", demoAPIVersion},
		{"AZURE_OPENAI_CHAT_DEPLOYMENT", "chat"},
		{"AZURE_OPENAI_EMBEDDING_DEPLOYMENT", "embedding"},
		{"SALLYPORT_LIMITED_DEPLOYMENT", "limited"},
		{"SALLYPORT_DENIED_ENDPOINT", url + "/vault"},
		{"SALLYPORT_DENIED_KEY", d.deniedKey},
	}
}

// writeEnv puts the env file in place whole: who sees it sees all of it.
func (d *sample) writeEnv() error {
	if d.options.EnvFile == "" {
		return nil
	}
	var b strings.Builder
	for _, v := range d.variables() {
		b.WriteString(v[0] + "=" + shellQuote(v[1]) + "\n")
	}
	f, err := os.CreateTemp(filepath.Dir(d.options.EnvFile), ".sallyport-env-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("writing the env file: %w", err)
	}
	_, err = f.WriteString(b.String())
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), d.options.EnvFile)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("writing the env file: %w", err)
	}
	return nil
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// introduce prints what a new user needs.
func (d *sample) introduce(out io.Writer) {
	url := d.app.Address("public")
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	p("")
	p("Sallyport is ready: %s", url)
	p("with TLS: %s (authority: %s)", d.app.Address("tls"), d.cert.CAFile)
	p("")
	p("Sign in once with each link, within %d minutes:", int(identity.LinkLife.Minutes()))
	for _, account := range corpus.Accounts {
		p("  %-16s %s", accountNames[account], d.links[account])
	}
	p("")
	p("Python (pip install openai):")
	p("  from openai import AzureOpenAI")
	p("  client = AzureOpenAI(azure_endpoint=%q, api_key=%q, api_version=%q)", url, d.key, demoAPIVersion)
	p("  print(client.chat.completions.create(model=\"chat\", messages=[{\"role\": \"user\", \"content\": \"Hello\"}]).choices[0].message.content)")
	p("")
	p("Node (npm install openai), as an .mjs file:")
	p("  import { AzureOpenAI } from 'openai';")
	p("  const client = new AzureOpenAI({ endpoint: '%s', apiKey: '%s', apiVersion: '%s' });", url, d.key, demoAPIVersion)
	p("  console.log((await client.chat.completions.create({ model: 'chat', messages: [{ role: 'user', content: 'Hello' }] })).choices[0].message.content);")
	p("")
	p("curl:")
	p("  curl -s '%s/openai/deployments/chat/chat/completions?api-version=%s' -H 'api-key: %s' \\", url, demoAPIVersion, d.key)
	p("    -H 'content-type: application/json' -d '{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'")
	p("")
	if d.first {
		p("This is the first API key; it is not shown again and stays valid. Each start makes a fresh second key.")
	} else {
		p("This is a fresh second API key; the first key, shown at the first start, stays valid.")
	}
	p("State:  %s", d.options.State)
	p("Record: %s audit verify --state %s", os.Args[0], shellQuote(d.options.State))
	p("Stop with Ctrl+C.")
	p("")
}
