package wiring

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
)

// storeJSON is one store in the file of --stores-file.
type storeJSON struct {
	Slug      string   `json:"slug"`
	Name      string   `json:"name"`
	Domains   []string `json:"domains"`
	Template  string   `json:"template"`
	IDName    string   `json:"id_name"`
	IDExample string   `json:"id_example"`
	Keep      []string `json:"keep"`
	HelpPT    string   `json:"help_pt"`
	HelpEN    string   `json:"help_en"`
}

// newStores is the link engine: the built-in stores and the operator's own. One of the
// operator's takes the place of a built-in merchant that has no programme of its own.
func newStores(s Settings) (*affiliate.Registry, error) {
	own, err := readStores(s.Config.StoresFile)
	if err != nil {
		return nil, failed("read --stores-file", err)
	}
	stores := slices.DeleteFunc(affiliate.Builtin(), func(built affiliate.Store) bool {
		return len(built.Fields()) == 0 && slices.ContainsFunc(own, func(o affiliate.Store) bool {
			return o.Slug() == built.Slug() || slices.ContainsFunc(o.Hosts(), func(h string) bool { return slices.Contains(built.Hosts(), h) })
		})
	})
	r, err := affiliate.NewRegistry(append(stores, own...)...)
	return r, failed("set up the stores", err)
}

// readStores reads the operator's stores; no file is no stores.
func readStores(file string) ([]affiliate.Store, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, err
	}
	var rows []storeJSON
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&rows); err != nil {
		return nil, fmt.Errorf("want a JSON list of stores: %w", err)
	}
	var stores []affiliate.Store
	for _, row := range rows {
		o := affiliate.TemplateOptions{
			Slug: row.Slug, Name: row.Name, Domains: row.Domains, Template: row.Template,
			IDName: row.IDName, IDExample: row.IDExample, Keep: row.Keep,
		}
		if row.HelpPT != "" || row.HelpEN != "" {
			o.Help = map[core.Language]string{core.Portuguese: row.HelpPT, core.English: row.HelpEN}
		}
		store, err := affiliate.NewTemplate(o)
		if err != nil {
			return nil, err
		}
		stores = append(stores, store)
	}
	return stores, nil
}
