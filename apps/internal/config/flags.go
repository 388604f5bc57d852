package config

import "github.com/autopromo-cloud/autopromo/core"

// Flags is what can be set, as kong reads it.
type Flags struct {
	HTTPAddr          string      `name:"http-addr" default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"Address the server listens on; port 0 takes a free one."`
	DataDir           string      `name:"data-dir" default:"./autopromo-data" placeholder:"DIR" help:"Folder of the database file and the generated keys; only its owner may read it."`
	DatabaseURL       core.Secret `name:"database-url" placeholder:"URL" help:"PostgreSQL for several processes, postgres://user:password@host/database, as a role that owns no tables; by default a file in the data folder. Better given as a variable."`
	RedisURL          core.Secret `name:"redis-url" placeholder:"URL" help:"Redis that carries doorbells between processes, redis://host:6379/0; by default a file in the data folder. Better given as a variable."`
	KeysFile          string      `name:"keys-file" placeholder:"FILE" help:"The installation's keys, made with \"autopromo keys new\" and the same for every process; by default keys.json in the data folder, made when missing."`
	Roles             []string    `name:"roles" default:"all" placeholder:"ROLE" help:"Parts of the work this process takes on: all, or some of api, worker, dispatcher."`
	PublicURL         string      `name:"public-url" placeholder:"URL" help:"Base of the webhook addresses, as the WhatsApp provider reaches this server; by default the address it listens on."`
	Gateway           []string    `name:"gateway" default:"evolution" placeholder:"NAME" help:"Ways to WhatsApp that customers can choose from, the default first: evolution, waha (servers), whatsmeow (in this process, without a server)."`
	EvolutionURL      string      `name:"evolution-url" placeholder:"URL" help:"The operator's own Evolution API, for tenants who name none."`
	EvolutionAPIKey   core.Secret `name:"evolution-api-key" placeholder:"KEY" help:"Its administration key; better given as a variable, since other users of the machine can see flags."`
	WahaURL           string      `name:"waha-url" placeholder:"URL" help:"The operator's own WAHA, for tenants who name none; needs waha in --gateway."`
	WahaAPIKey        core.Secret `name:"waha-api-key" placeholder:"KEY" help:"Its API key; better given as a variable."`
	WahaClientIDs     bool        `name:"waha-client-ids" help:"Every WAHA in use is 2026.4.3 or newer with the engine GOWS or NOWEB, and takes our message ids: a doubtful send can then be repeated safely."`
	AllowPrivateHosts []string    `name:"allow-private-hosts" placeholder:"HOST[:PORT]" help:"Provider and link hosts that may have a private address."`
	StoresFile        string      `name:"stores-file" placeholder:"FILE" help:"JSON list of the operator's own stores, each with a link template; see the README."`
	Pacing            string      `name:"pacing" default:"safe" placeholder:"safe|off" help:"Rhythm of sends; off is for tests and gets real numbers banned."`
	Registration      string      `name:"registration" default:"open" placeholder:"open|closed" help:"Whether strangers may create an account."`
	LogLevel          string      `name:"log-level" default:"info" placeholder:"debug|info|warn|error" help:"Least level that is logged."`
	LogFormat         string      `name:"log-format" default:"text" placeholder:"text|json" help:"Shape of log lines."`
}
