// Package config reads sallyport.yaml: strict, all findings at once, each with
// its line. It states what operators deploy; what people do at run time is in the
// database. One owner per fact: names refer, secrets come from files only.
//
// The structs below are the schema: `sallyport schema` and docs/configuration.md
// are made of them.
package config

import "time"

// Config is the file. After Parse every field holds its effective value:
// defaults are filled in, relative paths are resolved against the file's folder,
// and every name refers to something.
type Config struct {
	Version     int                    `yaml:"version" required:"true" doc:"Format of this file." enum:"1"`
	DataDir     string                 `yaml:"data_dir" file:"made" required:"true" doc:"Folder of all state."`
	Seal        Seal                   `yaml:"seal" doc:"The key that wraps all other keys."`
	Listeners   map[string]*Listener   `yaml:"listeners" doc:"Where the service listens, by name. Default: public on 127.0.0.1:8080, serving api and, with a page, web; and ops on 127.0.0.1:9090, serving health and metrics."`
	Identities  map[string]*Identity   `yaml:"identities" doc:"Identity providers whose bearer tokens are accepted, by name."`
	Regions     map[string]*Region     `yaml:"regions" doc:"Regions by name. Default: onsite, in the geography onsite."`
	Terms       map[string]*Terms      `yaml:"terms" doc:"Provider terms by name. Without current terms a backend gets no traffic."`
	Backends    map[string]*Backend    `yaml:"backends" doc:"Upstreams by name: the only hosts that can ever be dialled for a model. Default: quotes, the embedded answerer."`
	Blocklists  map[string]*Blocklist  `yaml:"blocklists" doc:"Lists of terms by name."`
	Filters     map[string]*Filter     `yaml:"filters" doc:"Content filters by name. The one named default is there in any case: every rule at its own default."`
	Resources   map[string]*Resource   `yaml:"resources" required:"true" doc:"Resources by name: the tenant boundary. At least one."`
	Collections map[string]*Collection `yaml:"collections" doc:"Documents that the page answers from, by name."`
	Page        *Page                  `yaml:"page" doc:"The chat page. Required when a listener serves web."`
	Audit       Audit                  `yaml:"audit" doc:"The record."`
	Limits      Limits                 `yaml:"limits" doc:"Bounds of requests."`
	Proxy       string                 `yaml:"proxy" doc:"Outbound HTTP proxy for backends and identity providers. The environment's proxy variables are ignored."`
	Log         Log                    `yaml:"log" doc:"The process's own log, on standard error."`

	lines map[string]int // of every key that the file has
}

// Seal names the key service.
type Seal struct {
	KeyFile string `yaml:"key_file" file:"made" doc:"Key file, made at the first start with mode 0600. Default: key in data_dir."`
}

// Listener is an address that is served.
type Listener struct {
	Address        string   `yaml:"address" required:"true" doc:"HOST:PORT. Plain HTTP is served on loopback only, but for health and metrics."`
	TLS            *TLS     `yaml:"tls" doc:"Certificate of the listener."`
	Serves         []string `yaml:"serves" required:"true" doc:"What is served here." enum:"api,web,health,metrics"`
	Link           string   `yaml:"link" doc:"Name of the private link that this listener is; resources name it under network.links."`
	TrustedProxies []string `yaml:"trusted_proxies" doc:"Addresses or networks of load balancers whose X-Forwarded-For is believed."`
}

// TLS is a listener's certificate.
type TLS struct {
	Cert string `yaml:"cert" file:"read" required:"true" doc:"PEM file of the certificate chain."`
	Key  string `yaml:"key" file:"read" required:"true" doc:"PEM file of the private key."`
	Min  string `yaml:"min" doc:"Oldest protocol version." default:"1.2" enum:"1.2,1.3"`
}

// Identity is an identity provider.
type Identity struct {
	OIDC OIDC `yaml:"oidc" required:"true" doc:"OpenID Connect."`
}

// OIDC is an OpenID Connect issuer.
type OIDC struct {
	Issuer       string        `yaml:"issuer" required:"true" doc:"Issuer URL, exactly as in its tokens."`
	Audiences    []string      `yaml:"audiences" doc:"Accepted audiences beside Azure's two."`
	PersonClaim  string        `yaml:"person_claim" doc:"Claim with the stable id of a person. Default: oid for Entra, else sub."`
	GroupsClaim  string        `yaml:"groups_claim" doc:"Claim with the groups." default:"groups"`
	GroupsMaxAge time.Duration `yaml:"groups_max_age" doc:"How old a token may be for its groups to count as known." default:"90m"`
	CA           string        `yaml:"ca" file:"read" doc:"PEM file of the authority that the issuer's certificate comes from. Default: the system's."`
}

// Region is where something runs.
type Region struct {
	Geography string `yaml:"geography" required:"true" doc:"The border that Standard deployments never cross."`
	Zone      string `yaml:"zone" doc:"The border of DataZoneStandard deployments."`
}

// Terms are what a provider promises.
type Terms struct {
	SelfHosted  bool   `yaml:"self_hosted" doc:"The backend is the organisation's own."`
	Owner       string `yaml:"owner" doc:"Who answers for these terms."`
	Training    string `yaml:"training" doc:"Whether the provider trains on the data." enum:"never"`
	Retention   string `yaml:"retention" doc:"How long the provider keeps the data, in words: none, or a duration."`
	HumanReview string `yaml:"human_review" doc:"Whether people at the provider read the data." enum:"never,possible"`
	Document    string `yaml:"document" doc:"Where the signed terms are."`
	Expires     Date   `yaml:"expires" required:"true" doc:"Last day on which the terms hold, YYYY-MM-DD."`
}

// Date is a day; it ends at midnight UTC.
type Date struct{ time.Time }

// Backend is an upstream. Exactly one of OpenAI, Azure and Extractive is set.
type Backend struct {
	OpenAI     *OpenAI     `yaml:"openai" doc:"Any OpenAI-compatible server."`
	Azure      *Azure      `yaml:"azure" doc:"Azure OpenAI."`
	Extractive *Extractive `yaml:"extractive" doc:"The embedded answerer: quotes from documents, needs nothing."`
	Region     string      `yaml:"region" doc:"Where it runs. Default: the only region."`
	Terms      string      `yaml:"terms" doc:"Name of its provider terms. Extractive and openai on loopback need none: they are self-hosted."`
}

// OpenAI is an OpenAI-compatible server.
type OpenAI struct {
	Endpoint        string            `yaml:"endpoint" required:"true" doc:"Base URL ending in /v1."`
	KeyFile         string            `yaml:"key_file" file:"read" doc:"File with the API key."`
	CA              string            `yaml:"ca" file:"read" doc:"PEM file of its authority. Default: the system's."`
	Models          map[string]string `yaml:"models" doc:"Names of models upstream, by our model name. Default: the same name."`
	NoStreamOptions bool              `yaml:"no_stream_options" doc:"For servers that refuse stream_options."`
	AllowHTTP       bool              `yaml:"allow_http" doc:"Permits plain HTTP to hosts other than loopback."`
	Timeouts        Timeouts          `yaml:"timeouts" doc:"Time limits per phase."`
}

// Azure is an Azure OpenAI resource.
type Azure struct {
	Endpoint    string            `yaml:"endpoint" required:"true" doc:"https://NAME.openai.azure.com."`
	APIVersion  string            `yaml:"api_version" doc:"Version of the API to speak, a date." default:"2024-10-21"`
	KeyFile     string            `yaml:"key_file" file:"read" required:"true" doc:"File with the API key."`
	CA          string            `yaml:"ca" file:"read" doc:"PEM file of its authority. Default: the system's."`
	Deployments map[string]string `yaml:"deployments" doc:"Names of deployments upstream, by our model name. Default: the same name."`
	Timeouts    Timeouts          `yaml:"timeouts" doc:"Time limits per phase."`
}

// Extractive has no settings.
type Extractive struct{}

// Timeouts bound the phases of a call to a backend. Zero: the adapter's default.
type Timeouts struct {
	Dial      time.Duration `yaml:"dial" doc:"Name look-up and connection." default:"5s"`
	FirstByte time.Duration `yaml:"first_byte" doc:"To the first event of a stream." default:"2m"`
	Idle      time.Duration `yaml:"idle" doc:"Between two events." default:"1m"`
	Whole     time.Duration `yaml:"whole" doc:"All of an answer." default:"10m"`
}

// Blocklist is a list of terms.
type Blocklist struct {
	File string `yaml:"file" file:"read" required:"true" doc:"Text file, one term a line; a line that begins with re: is a regular expression (RE2)."`
}

// Filter is a content filter.
type Filter struct {
	Prompt       Side         `yaml:"prompt" doc:"What prompts are judged by."`
	Answer       Side         `yaml:"answer" doc:"What answers are judged by."`
	PersonalData PersonalData `yaml:"personal_data" doc:"What happens with personal data."`
	Blocklists   []string     `yaml:"blocklists" doc:"Names of blocklists; their hits always block."`
	Stream       string       `yaml:"stream" doc:"holdback releases text as windows are checked; buffered after all of it was." default:"holdback" enum:"holdback,buffered"`
	OnError      string       `yaml:"on_error" doc:"What a guard that cannot judge means." default:"refuse" enum:"refuse"`
}

// Side are the rules of one direction. Words: low, medium, high (block from that
// severity), annotate, off; for the shields block, annotate, off.
type Side struct {
	Hate           string `yaml:"hate" doc:"Hate: block from this severity." default:"medium" enum:"low,medium,high,annotate,off"`
	Sexual         string `yaml:"sexual" doc:"Sexual content: block from this severity." default:"medium" enum:"low,medium,high,annotate,off"`
	Violence       string `yaml:"violence" doc:"Violence: block from this severity." default:"medium" enum:"low,medium,high,annotate,off"`
	SelfHarm       string `yaml:"self_harm" doc:"Self-harm: block from this severity." default:"medium" enum:"low,medium,high,annotate,off"`
	Jailbreak      string `yaml:"jailbreak" doc:"Attempts to talk the model out of its rules. Prompts only."  default:"block" enum:"block,annotate,off"`
	IndirectAttack string `yaml:"indirect_attack" doc:"Instructions hidden in documents and tool results. Prompts only." default:"block" enum:"block,annotate,off"`
}

// PersonalData says per type (guard/pii names, or all) what happens: block, mask,
// annotate or off. Default: off.
type PersonalData struct {
	Prompt map[string]string `yaml:"prompt" doc:"In prompts. mask puts a placeholder, and the original back into the answer." enum:"block,mask,annotate,off"`
	Answer map[string]string `yaml:"answer" doc:"In answers." enum:"block,mask,annotate,off"`
}

// Resource is an Azure OpenAI account.
type Resource struct {
	Region      string                 `yaml:"region" doc:"Default: the only region."`
	Hosts       []string               `yaml:"hosts" doc:"Host names it is found by."`
	Path        string                 `yaml:"path" doc:"Path prefix it is found by, e.g. /ward. One resource may have neither: bare paths are its."`
	Network     Network                `yaml:"network" doc:"Who may reach it."`
	LocalAuth   string                 `yaml:"local_auth" doc:"Whether API keys are accepted." default:"enabled" enum:"enabled,disabled"`
	Deployments map[string]*Deployment `yaml:"deployments" required:"true" doc:"Models by deployment name. At least one."`
}

// Network are a resource's network rules.
type Network struct {
	Public string   `yaml:"public" doc:"Whether public listeners let callers in." default:"enabled" enum:"enabled,disabled"`
	Allow  []string `yaml:"allow" doc:"Only these addresses or networks. Default: all."`
	Links  []string `yaml:"links" doc:"Private links that let callers in."`
}

// Deployment is a named model in a resource.
type Deployment struct {
	Model    Model    `yaml:"model" required:"true" doc:"The model."`
	Type     string   `yaml:"type" doc:"Where prompts and answers may be processed: inside the geography, inside the zone, anywhere." default:"Standard" enum:"Standard,DataZoneStandard,GlobalStandard"`
	Filter   string   `yaml:"filter" doc:"Name of the content filter." default:"default"`
	Limits   Quota    `yaml:"limits" doc:"Token and request limits."`
	Backends []string `yaml:"backends" doc:"Names of backends, in order of preference. Default: the only backend."`
}

// Model names a model as replies do.
type Model struct {
	Name    string `yaml:"name" required:"true" doc:"The model's name."`
	Version string `yaml:"version" doc:"Shown behind the name."`
	Kind    string `yaml:"kind" doc:"What the model can do." default:"chat" enum:"chat,embedding"`
}

// Quota are a deployment's limits; zero of the first two is no limit.
type Quota struct {
	TokensPerMinute   int `yaml:"tokens_per_minute" doc:"Prompt estimate and worst-case answer, in any 60 seconds. Default: no limit."`
	RequestsPerMinute int `yaml:"requests_per_minute" doc:"Requests in any 60 seconds. Default: no limit."`
	OutputTokens      int `yaml:"output_tokens" doc:"Per choice, also when the caller names none." default:"4096"`
	ContextTokens     int `yaml:"context_tokens" doc:"The model's context." default:"128000"`
}

// Collection is a set of documents with one owner and purpose.
type Collection struct {
	Name    string `yaml:"name" doc:"For people. Default: the key."`
	Folder  string `yaml:"folder" file:"read" required:"true" doc:"Where the documents are."`
	Access  string `yaml:"access" doc:"Access list in the folder." default:"access.csv"`
	Owner   string `yaml:"owner" required:"true" doc:"Who answers for it."`
	Purpose string `yaml:"purpose" doc:"What it is for."`
	Region  string `yaml:"region" doc:"Default: the only region."`
}

// Page is the chat page.
type Page struct {
	Resource        string        `yaml:"resource" doc:"Default: the only resource."`
	Deployment      string        `yaml:"deployment" doc:"Chat deployment that answers. Default: the only one."`
	Organisation    string        `yaml:"organisation" required:"true" doc:"Whose assistant it is."`
	Scope           string        `yaml:"scope" doc:"What it is for, in a sentence."`
	URL             string        `yaml:"url" doc:"Where people reach it, for sign-in links. Default: the address of the listener."`
	SessionIdle     time.Duration `yaml:"session_idle" doc:"After which a session without use ends." default:"30m"`
	SessionAbsolute time.Duration `yaml:"session_absolute" doc:"After which every session ends." default:"8h"`
}

// Audit is the record.
type Audit struct {
	Origin     string        `yaml:"origin" doc:"Name of the log in its checkpoints." default:"sallyport"`
	Checkpoint time.Duration `yaml:"checkpoint" doc:"Time between checkpoints of a growing log." default:"60s"`
}

// Limits bound requests.
type Limits struct {
	BodyBytes     int64         `yaml:"body_bytes" unit:"bytes" doc:"Largest request body." default:"16777216"`
	MemoryBytes   int64         `yaml:"memory_bytes" unit:"bytes" doc:"What bodies that are read, decoded and judged may take together; beyond it requests wait, then get 503." default:"536870912"`
	Connections   int           `yaml:"connections" doc:"Open connections per listener." default:"4096"`
	GuardDeadline time.Duration `yaml:"guard_deadline" doc:"After which a judgement is late and refuses." default:"10s"`
	DrainDeadline time.Duration `yaml:"drain_deadline" doc:"How long requests may end after SIGTERM." default:"20s"`
}

// Log is the process's own log.
type Log struct {
	Level string `yaml:"level" doc:"Least severe message that is written." default:"info" enum:"debug,info,warn,error"`
}

// Finding is something wrong in the file. It never shows a value that the file
// gives, except names and words of closed sets: a value may be a secret that was
// put in the wrong place.
type Finding struct {
	File string // that it is in; "" is the configuration itself
	Line int    // 1 is the first; 0 is the file as a whole
	Key  string // e.g. resources.ward.deployments.chat.type
	What string // a sentence that names a valid value
}
