// Command shape prints how large the packages are, and what breaks the rules of
// docs/architecture.md.
//
// In: the source of this module. Out: a table, and faults. It imports nothing of
// this project; its test holds what it finds.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Limits of a package's lines and of a type's methods.
const (
	maxLines   = 3500
	maxEntry   = 700 // of package app
	maxMethods = 30
)

const module = "reterminal-vision"

// size is how large a package or a type is: lines or methods.
type size struct {
	name string
	n    int
}

// shape is what the source looks like, tests left out.
type shape struct {
	order    []string            // packages of docs/architecture.md, from the top
	lines    map[string]int      // by package
	imports  map[string][]string // of this module, by package
	methods  map[string]int      // by "package.Type"
	tasks    []string            // names of kinds of tasks and of decoders
	compared []string            // places where one is compared outside its package
}

func main() {
	s, err := read(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "shape:", err)
		os.Exit(1)
	}
	for _, p := range largest(s.lines)[:8] {
		fmt.Printf("%6d lines  %s\n", p.n, p.name)
	}
	for _, t := range largest(s.methods)[:5] {
		fmt.Printf("%6d methods  %s\n", t.n, t.name)
	}
	for _, f := range s.faults() {
		fmt.Println("fault:", f)
	}
}

// largest sorts sizes, the largest first.
func largest(of map[string]int) (all []size) {
	for name, n := range of {
		all = append(all, size{name, n})
	}
	slices.SortFunc(all, func(a, b size) int {
		if a.n != b.n {
			return b.n - a.n
		}
		return strings.Compare(a.name, b.name)
	})
	return all
}

// read takes in the module in a folder.
func read(root string) (*shape, error) {
	s := &shape{lines: map[string]int{}, imports: map[string][]string{}, methods: map[string]int{}}
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` |"); ok && strings.HasPrefix(line, "| `") {
			s.order = append(s.order, name)
		}
	}
	files := map[string]*ast.File{}
	fset := token.NewFileSet()
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "build" || d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.' && d.Name() != "..") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		tree, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err == nil {
			relative, _ := filepath.Rel(root, file) // both come from the walk
			files[filepath.ToSlash(relative)] = tree
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for name, tree := range files {
		s.add(fset, path.Dir(name), tree)
	}
	for name, tree := range files {
		s.compare(fset, name, tree)
	}
	slices.Sort(s.compared)
	return s, nil
}

// add counts one file.
func (s *shape) add(fset *token.FileSet, pkg string, tree *ast.File) {
	s.lines[pkg] += fset.File(tree.Pos()).LineCount()
	for _, i := range tree.Imports {
		imported, _ := strconv.Unquote(i.Path.Value) // the parser has read it
		if own, ok := strings.CutPrefix(imported, module+"/"); ok && !slices.Contains(s.imports[pkg], own) {
			s.imports[pkg] = append(s.imports[pkg], own)
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv != nil {
				s.methods[pkg+"."+receiver(n.Recv.List[0].Type)]++
			}
		case *ast.CompositeLit:
			s.tasks = append(s.tasks, taskNames(pkg, n)...)
		}
		return true
	})
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

// taskNames are the names in literals of task.Kind and task.Decoder, also those
// whose type a surrounding slice leaves out.
func taskNames(pkg string, lit *ast.CompositeLit) (names []string) {
	if !strings.HasPrefix(pkg, "inference/") {
		return nil
	}
	if sel, ok := lit.Type.(*ast.SelectorExpr); lit.Type != nil && (!ok || sel.Sel.Name != "Kind" && sel.Sel.Name != "Decoder") {
		return nil
	}
	for _, e := range lit.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, ok := pair.Key.(*ast.Ident)
		value, isText := pair.Value.(*ast.BasicLit)
		if ok && isText && key.Name == "Name" {
			name, _ := strconv.Unquote(value.Value)
			names = append(names, name)
		}
	}
	return names
}

// compare finds comparisons of something called Task with the name of one.
func (s *shape) compare(fset *token.FileSet, file string, tree *ast.File) {
	isName := func(e ast.Expr) bool {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return false
		}
		name, _ := strconv.Unquote(lit.Value)
		return slices.Contains(s.tasks, name)
	}
	isTask := func(e ast.Expr) bool {
		sel, ok := e.(*ast.SelectorExpr)
		return ok && sel.Sel.Name == "Task"
	}
	note := func(n ast.Node) {
		s.compared = append(s.compared, fmt.Sprintf("%s:%d", file, fset.Position(n.Pos()).Line))
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && (isTask(n.X) && isName(n.Y) || isTask(n.Y) && isName(n.X)) {
				note(n)
			}
		case *ast.SwitchStmt:
			if n.Tag != nil && isTask(n.Tag) {
				note(n)
			}
		}
		return true
	})
}

// faults are what breaks the rules.
func (s *shape) faults() (all []string) {
	for pkg, imports := range s.imports {
		at := slices.Index(s.order, pkg)
		for _, i := range imports {
			if below := slices.Index(s.order, i); below >= 0 && at >= 0 && below < at {
				all = append(all, fmt.Sprintf("%s imports %s, which stands above it", pkg, i))
			}
		}
	}
	for pkg := range s.lines {
		if !slices.Contains(s.order, pkg) {
			all = append(all, fmt.Sprintf("%s is missing in docs/architecture.md", pkg))
		}
	}
	for _, pkg := range s.order {
		if _, ok := s.lines[pkg]; !ok {
			all = append(all, fmt.Sprintf("docs/architecture.md names %s, which there is not", pkg))
		}
	}
	for pkg, n := range s.lines {
		most := maxLines
		if pkg == "app" {
			most = maxEntry
		}
		if n > most {
			all = append(all, fmt.Sprintf("%s has %d lines, more than %d", pkg, n, most))
		}
	}
	for name, n := range s.methods {
		if n > maxMethods {
			all = append(all, fmt.Sprintf("%s has %d methods, more than %d", name, n, maxMethods))
		}
	}
	for _, place := range s.compared {
		all = append(all, place+" compares a task by its name")
	}
	slices.Sort(all)
	return all
}
