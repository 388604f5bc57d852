package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/autopromo-cloud/autopromo/core"
)

// Prefix begins the name of every variable.
const Prefix = "AUTOPROMO_"

// Variable returns the name of the variable that belongs to a flag.
func Variable(flag string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Options teaches kong the environment, in the form of os.Environ, and core.Secret.
func Options(environ []string) []kong.Option {
	return []kong.Option{
		kong.Resolvers(environment(environ)),
		kong.TypeMapper(reflect.TypeFor[core.Secret](), kong.MapperFunc(decodeSecret)),
		kong.ValueFormatter(func(v *kong.Value) string {
			if v.Flag == nil || !isSetting(v.Name) {
				return v.Help // a flag of one command, which has no variable
			}
			return v.Help + " [" + Variable(v.Name) + "]"
		}),
	}
}

// isSetting says whether a flag is one of Flags.
func isSetting(flag string) bool {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Flags]()) {
		if field.Tag.Get("name") == flag {
			return true
		}
	}
	return false
}

func decodeSecret(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("secret")
	if err != nil {
		return err
	}
	text, ok := token.Value.(string)
	if !ok {
		return fmt.Errorf("expected a text")
	}
	target.Set(reflect.ValueOf(core.NewSecret(text)))
	return nil
}

// environment resolves flags from variables.
type environment []string

// Validate implements kong.Resolver: it refuses variables that mean nothing.
func (e environment) Validate(app *kong.Application) error {
	var known []string
	for _, flag := range app.Flags {
		if flag.Name != "help" {
			known = append(known, Variable(flag.Name))
		}
	}
	for _, entry := range e {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, Prefix) && !slices.Contains(known, name) {
			like := nearest(name, known)
			if 2*distance(name, like) > max(len(name), len(like))-len(Prefix) {
				return fmt.Errorf("unknown environment variable %s; --help lists those there are", name)
			}
			return fmt.Errorf("unknown environment variable %s; did you mean %s?", name, like)
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (e environment) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	name := Variable(flag.Name)
	for _, entry := range slices.Backward(e) { // the last of two wins, as in os/exec
		if k, v, _ := strings.Cut(entry, "="); k == name && v != "" {
			return v, nil
		}
	}
	return nil, nil
}

// nearest returns the candidate with the least edit distance to name.
func nearest(name string, candidates []string) string {
	return slices.MinFunc(candidates, func(a, b string) int { return distance(name, a) - distance(name, b) })
}

// distance counts the insertions, deletions and changes of a byte that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
