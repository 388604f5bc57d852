// Package config turns the command line and the environment into checked settings. It is
// the only place that knows the names of flags and variables.
//
// Each flag has a variable of the same name: --http-addr is AUTOPROMO_HTTP_ADDR. A flag
// wins over its variable, a variable over the default; an empty variable counts as not
// set. A variable that begins with AUTOPROMO_ and means nothing is an error, because a
// misspelt setting that is silently ignored is worse than a program that does not start.
package config
