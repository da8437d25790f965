package app

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"reterminal-vision/app/doctor"
	"reterminal-vision/inference/attribute"
	"reterminal-vision/inference/recognize"
	"reterminal-vision/inference/tasks"
	"reterminal-vision/models"
)

// spoken are the sentences that a file of the source gives to lang.T, lang.Name,
// and to fault.Errorf and fault.Words.
func spoken(t *testing.T, file string) (sentences []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		name := ""
		switch fun := call.Fun.(type) {
		case *ast.Ident:
			name = tree.Name.Name + "." + fun.Name
		case *ast.SelectorExpr:
			if pkg, ok := fun.X.(*ast.Ident); ok {
				name = pkg.Name + "." + fun.Sel.Name
			}
		}
		if !slices.Contains([]string{"lang.T", "lang.Name", "fault.Errorf", "fault.Words"}, name) {
			return true
		}
		if literal, ok := call.Args[0].(*ast.BasicLit); ok {
			s, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			sentences = append(sentences, strings.ReplaceAll(s, "%w", "%s"))
		}
		return true
	})
	return sentences
}

// Everything that a visitor can read has a translation: what the code says and
// what networks name, but for the thousand of ImageNet. Package demos checks the
// texts of demos.
func TestEverythingIsTranslated(t *testing.T) {
	var words map[string]string
	text, err := os.ReadFile(filepath.Join("..", "assets", "lang", "de.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &words); err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	want := func(s string) {
		if _, ok := words[s]; !ok && strings.ContainsFunc(s, func(r rune) bool { return r >= 'a' && r <= 'z' }) {
			missing[s] = true
		}
	}
	for _, folder := range []string{".", "../ui", "../camera"} {
		err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, ".go") {
				return err
			}
			for _, s := range spoken(t, file) {
				want(s)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range tasks.All {
		want(k.Title)
	}
	for _, m := range models.Default().Models {
		if m.Labels != "" && m.Labels != "imagenet" {
			labels, err := models.Labels(m.Labels)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range labels {
				want(l)
			}
		}
		if head := attribute.SpecOf(&m.Network); head != nil {
			for _, a := range head.Answers {
				for _, l := range a.Labels {
					want(l)
				}
			}
		}
	}
	want(recognize.NotLive)
	for f := recognize.NoFace; f <= recognize.Blurred; f++ {
		want(f.Error())
	}
	for _, c := range doctor.Run(t.Context(), doctor.Options{DataDir: t.TempDir()}) {
		want(c.Name)
	}
	for s := range missing {
		t.Errorf("no translation of %q", s)
	}
}
