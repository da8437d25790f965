package models

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestStatusAndFind(t *testing.T) {
	bad := slices.Clone(contents)
	bad[0]++
	for _, tc := range []struct {
		name        string
		own, system []byte // files in Dir and System; nil: none
		want        Status
		found       string
		err         error
	}{
		{"none", nil, nil, Missing, "", fs.ErrNotExist},
		{"own", contents, nil, Present, "own", nil},
		{"own first", contents, contents, Present, "own", nil},
		{"system", nil, contents, Present, "system", nil},
		{"own short", contents[:half], nil, WrongSize, "", ErrBadFile},
		{"own corrupt", bad, nil, Corrupt, "", ErrBadFile},
		{"own corrupt, system good", bad, contents, Present, "system", nil},
		{"own corrupt, system short", bad, contents[:half], Corrupt, "", ErrBadFile},
	} {
		t.Run(tc.name, func(t *testing.T) {
			root, m := t.TempDir(), testModel("")
			s := &Store{Dir: filepath.Join(root, "own"), System: []string{filepath.Join(root, "system")}}
			if tc.own != nil {
				write(t, s.Path(m), tc.own)
			}
			if tc.system != nil {
				write(t, filepath.Join(s.System[0], m.File), tc.system)
			}
			if got := s.Status(m); got != tc.want {
				t.Errorf("status %v, want %v", got, tc.want)
			}
			path, err := s.Find(m)
			if !errors.Is(err, tc.err) || !errors.Is(s.Verify(m), tc.err) {
				t.Fatalf("error %v, want %v", err, tc.err)
			}
			if err != nil {
				checkExplains(t, err, m)
				return
			}
			if want := filepath.Join(root, tc.found, m.File); path != want {
				t.Errorf("found %s, want %s", path, want)
			}
		})
	}
}

func TestRemove(t *testing.T) {
	m := testModel("")
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		if err := (&Store{Dir: dir}).Remove(m); err != nil {
			t.Errorf("%q: %v", dir, err)
		}
	}
	s := &Store{Dir: t.TempDir()}
	write(t, s.Path(m), contents)
	write(t, s.partPath(m), contents)
	if err := s.Remove(m); err != nil {
		t.Fatal(err)
	}
	if sizeOf(s.Path(m)) != -1 || sizeOf(s.partPath(m)) != -1 {
		t.Error("a file is left")
	}
}

func TestDefaultDir(t *testing.T) {
	for _, tc := range []struct{ models, data, home, want string }{
		{"/m", "/d", "/h", "/m"},
		{"", "/d", "/h", "/d/reterminal-vision/models"},
		{"", "relative", "/h", "/h/.local/share/reterminal-vision/models"},
		{"", "", "/h", "/h/.local/share/reterminal-vision/models"},
		{"", "", "", ""},
	} {
		t.Setenv("RTV_MODELS", tc.models)
		t.Setenv("XDG_DATA_HOME", tc.data)
		t.Setenv("HOME", tc.home)
		if got := DefaultDir(); got != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
		if got := NewStore("").Dir; got != tc.want {
			t.Errorf("%+v: store in %q", tc, got)
		}
	}
	s := NewStore("/x")
	if s.Dir != "/x" || !slices.Contains(s.System, "/usr/share/reterminal-vision/models") || !strings.HasSuffix(s.System[len(s.System)-1], "/models") {
		t.Errorf("%+v", s)
	}
}

func BenchmarkFind(b *testing.B) {
	s, m := &Store{Dir: b.TempDir()}, testModel("")
	if err := os.WriteFile(s.Path(m), contents, 0o644); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(m.Size)
	for b.Loop() {
		if _, err := s.Find(m); err != nil {
			b.Fatal(err)
		}
	}
}
