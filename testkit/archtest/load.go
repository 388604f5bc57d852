package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// graph is the packages a module consists of and all that they reach.
type graph struct {
	module   string
	packages map[string]listed
}

// listed is what is asked of "go list" about one package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	CgoFiles   []string
	Module     *struct {
		Path string
		Main bool
	}
}

// load asks the go command for the packages of the module at dir and their dependencies.
func load(dir string) (graph, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,CgoFiles,Module", "./...")
	cmd.Dir = dir
	// cgo is switched on so that files which need it are seen, whatever the machine has.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return graph{}, fmt.Errorf("go list in %s: %w: %s", dir, err, strings.TrimSpace(stderr.String()))
	}
	g := graph{packages: map[string]listed{}}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			if g.module == "" {
				return graph{}, fmt.Errorf("no package of a module in %s", dir)
			}
			return g, nil
		case err != nil:
			return graph{}, fmt.Errorf("read the answer of go list: %w", err)
		}
		g.packages[p.ImportPath] = p
		if p.Module != nil && p.Module.Main {
			g.module = p.Module.Path
		}
	}
}

// own lists the packages of the module itself, sorted.
func (g graph) own() []string {
	var paths []string
	for path, p := range g.packages {
		if p.Module != nil && p.Module.Main {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
