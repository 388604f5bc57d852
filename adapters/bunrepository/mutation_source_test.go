package bunrepository

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// site is a place in this package's source that keeps tenants apart, or one of two callers
// off, and can be broken.
type site struct {
	Kind  string
	Where string // file:line
	What  string
}

// The kinds of sites.
const (
	tenantPredicate = "tenant predicate"
	compareAndSet   = "compare-and-set"
	selection       = "" // which rows a read is about: no rule of this kind
)

// source is the package with a switch at every site.
type source struct {
	sites []site
	files map[string][]byte // by absolute path, as they replace what is on disk
}

// A comparison in SQL; it is broken as (TRUE OR …), which keeps its arguments.
var comparison = regexp.MustCompile(`(?:[a-z_]+\.)?(?:[a-z_]+|\?) (?:=|<>|<=|>=|<|>) (?:\?0?|'[^']*'|[a-z]+\.[a-z_]+)|(?:[a-z_]+\.)?[a-z_]+ IN \([?'][^()]*\)`)

// takesPredicates are the functions whose literal arguments are conditions, beside Where.
var takesPredicates = []string{"Where", "WhereOr", "find", "locked", "one", "owner", "cancelPending", "count", "group"}

// switched reads the package's source and puts a switch at every site. What it finds is all
// there is: new code brings its sites along.
func switched(dir string) (*source, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &source{files: map[string][]byte{filepath.Join(dir, "mutant_switch.go"): []byte(mutantSwitch)}}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, name, text, 0)
		if err != nil {
			return nil, err
		}
		f := &switchedFile{source: s, set: set, text: text}
		f.walk(tree)
		if s.files[name], err = f.apply(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return s, nil
}

// switchedFile is one file being switched.
type switchedFile struct {
	*source
	set   *token.FileSet
	text  []byte
	edits []edit
}

type edit struct {
	from, to int
	by       string
}

// add numbers a site; sites count from 1.
func (f *switchedFile) add(kind string, at token.Pos, what string) int {
	p := f.set.Position(at)
	f.sites = append(f.sites, site{Kind: kind, Where: fmt.Sprintf("%s:%d", filepath.Base(p.Filename), p.Line), What: what})
	return len(f.sites)
}

func (f *switchedFile) offset(p token.Pos) int { return f.set.Position(p).Offset }
func (f *switchedFile) shown(n ast.Node) string {
	return string(f.text[f.offset(n.Pos()):f.offset(n.End())])
}
func (f *switchedFile) edit(n ast.Node, by string) {
	f.edits = append(f.edits, edit{f.offset(n.Pos()), f.offset(n.End()), by})
}
func (f *switchedFile) position(n ast.Node) [2]int {
	return [2]int{f.offset(n.Pos()), f.offset(n.End())}
}
func within(inner, outer [2]int) bool { return outer[0] <= inner[0] && inner[1] <= outer[1] }

// walk finds the sites of a file.
func (f *switchedFile) walk(tree *ast.File) {
	var changes [][2]int // expressions that change rows, and functions that lock what they read
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if text := f.shown(n); strings.Contains(text, ".NewUpdate()") || strings.Contains(text, ".NewDelete()") {
				changes = append(changes, f.position(n))
			}
		case *ast.FuncDecl:
			if strings.HasPrefix(n.Name.Name, "due") {
				changes = append(changes, f.position(n))
			}
		}
		return true
	})
	kind := func(n ast.Node) string {
		if slices.ContainsFunc(changes, func(c [2]int) bool { return within(f.position(n), c) }) {
			return compareAndSet
		}
		return selection
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			if n.Tok == token.CONST && strings.Contains(f.shown(n), "user_id") {
				f.edits = append(f.edits, edit{f.offset(n.Pos()), f.offset(n.Pos()) + len("const"), "var"})
				f.literals(n, kind(n), false)
			}
		case *ast.AssignStmt:
			if name, ok := n.Lhs[0].(*ast.Ident); ok && name.Name == "where" {
				f.literals(n, kind(n), false)
			}
		case *ast.CallExpr:
			switch name := called(n); {
			case name == "WherePK":
				model := n.Fun.(*ast.SelectorExpr).X.(*ast.CallExpr).Args[0]
				id := f.add(tenantPredicate, n.Pos(), "WherePK without user_id")
				f.edits = append(f.edits, edit{f.offset(n.Rparen), f.offset(n.Rparen), fmt.Sprintf("withoutTenant(%d, %s)...", id, f.shown(model))})
			case slices.Contains(takesPredicates, name):
				own := slices.ContainsFunc(n.Args, func(a ast.Expr) bool {
					x, ok := a.(*ast.SelectorExpr)
					return ok && x.Sel.Name == "id"
				})
				for _, a := range n.Args {
					f.literals(a, kind(n), own)
				}
			}
		case *ast.FuncDecl:
			f.guards(n)
		}
		return true
	})
}

// called is the name of what is called.
func called(c *ast.CallExpr) string {
	fun := c.Fun
	if generic, ok := fun.(*ast.IndexExpr); ok {
		fun = generic.X
	}
	switch x := fun.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

// literals switches the comparisons in the SQL below a node. own says that an argument is
// the tenant's own id.
func (f *switchedFile) literals(under ast.Node, kind string, own bool) {
	ast.Inspect(under, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && n != under && slices.Contains(takesPredicates, called(c)) {
			return false // visited by itself
		}
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING || slices.ContainsFunc(f.edits, func(e edit) bool { return within(f.position(lit), [2]int{e.from, e.to}) }) {
			return true
		}
		sql, err := strconv.Unquote(lit.Value)
		if err != nil {
			return true
		}
		var alternatives strings.Builder
		for _, at := range comparison.FindAllStringIndex(sql, -1) {
			found, is := sql[at[0]:at[1]], kind
			if strings.Contains(found, "user_id") || own && sql == "id = ?" {
				is = tenantPredicate
			}
			if is == selection {
				continue
			}
			id := f.add(is, lit.Pos(), found)
			fmt.Fprintf(&alternatives, ", %d, %q", id, sql[:at[0]]+"(TRUE OR "+found+")"+sql[at[1]:])
		}
		if alternatives.Len() > 0 {
			f.edit(lit, fmt.Sprintf("mutated(%q%s)", sql, alternatives.String()))
		}
		return true
	})
}

// guards switches the conditions under which a function gives up with a conflict, and all
// that compare fences.
func (f *switchedFile) guards(fn *ast.FuncDecl) {
	flags := map[string]bool{} // variables that lead to a conflict
	switchOff := func(cond ast.Expr) {
		for _, one := range operands(cond) {
			if name, ok := one.(*ast.Ident); ok {
				flags[name.Name] = true
				continue
			}
			id := f.add(compareAndSet, one.Pos(), f.shown(one))
			f.edit(one, fmt.Sprintf("(heeds(%d) && (%s))", id, f.shown(one)))
		}
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		if n, ok := n.(*ast.IfStmt); ok && (givesUp(n.Body) || strings.Contains(f.shown(n.Cond), ".Fence")) {
			switchOff(n.Cond)
		}
		return true
	})
	ast.Inspect(fn, func(n ast.Node) bool {
		if n, ok := n.(*ast.AssignStmt); ok && n.Tok == token.ASSIGN {
			if name, ok := n.Lhs[0].(*ast.Ident); ok && flags[name.Name] {
				switchOff(n.Rhs[0])
			}
		}
		return true
	})
}

// operands are the parts of a disjunction.
func operands(e ast.Expr) []ast.Expr {
	if or, ok := e.(*ast.BinaryExpr); ok && or.Op == token.LOR {
		return append(operands(or.X), operands(or.Y)...)
	}
	return []ast.Expr{e}
}

func givesUp(b *ast.BlockStmt) bool {
	return slices.ContainsFunc(b.List, func(s ast.Stmt) bool {
		r, ok := s.(*ast.ReturnStmt)
		return ok && slices.ContainsFunc(r.Results, func(e ast.Expr) bool {
			c, ok := e.(*ast.CallExpr)
			return ok && called(c) == "conflict"
		})
	})
}

// apply makes the edits.
func (f *switchedFile) apply() ([]byte, error) {
	slices.SortFunc(f.edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var out []byte
	done := 0
	for _, e := range f.edits {
		if e.from < done {
			return nil, fmt.Errorf("two switches overlap at byte %d", e.from)
		}
		out = append(append(out, f.text[done:e.from]...), e.by...)
		done = e.to
	}
	return append(out, f.text[done:]...), nil
}

// overlay writes the switched files into dir, and the description by which go builds them.
func (s *source) overlay(dir string) (string, error) {
	replace := map[string]string{}
	for name, text := range s.files {
		into := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(into, text, 0o600); err != nil {
			return "", err
		}
		replace[name] = into
	}
	description, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, description, 0o600)
}

// mutantSwitch turns one site of a switched package off.
const mutantSwitch = `package bunrepository

import (
	"os"
	"reflect"
	"strconv"
	"strings"
)

var mutantOn, _ = strconv.Atoi(os.Getenv("MUTANT"))

// mutated is the SQL, or that of the mutant whose number precedes it.
func mutated(sql string, alternatives ...any) string {
	for i := 0; i < len(alternatives); i += 2 {
		if alternatives[i] == mutantOn {
			return alternatives[i+1].(string)
		}
	}
	return sql
}

func heeds(site int) bool { return site != mutantOn }

// withoutTenant names the columns of a primary key but user_id.
func withoutTenant(site int, model any) (columns []string) {
	if site != mutantOn {
		return nil
	}
	row := reflect.TypeOf(model).Elem()
	for i := range row.NumField() {
		if name, rest, _ := strings.Cut(row.Field(i).Tag.Get("bun"), ","); name != "user_id" && strings.Contains(rest, "pk") {
			columns = append(columns, name)
		}
	}
	return columns
}
`
