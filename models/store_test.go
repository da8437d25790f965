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

func TestDelete(t *testing.T) {
	for _, tc := range []struct {
		name              string
		id                string
		file, part, other bool // there before: in Dir, in Dir, in System
		want              error
		says              string
	}{
		{name: "file", id: "test", file: true},
		{name: "broken download", id: "test", part: true},
		{name: "both, and the system's", id: "test", file: true, part: true, other: true},
		{name: "the system's", id: "test", other: true, want: ErrSystemFile, says: "only downloaded"},
		{name: "imported", id: "own-test", other: true, says: "models remove own-test"},
		{name: "none", id: "test", want: fs.ErrNotExist, says: "nothing to delete"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			root, m := t.TempDir(), testModel("")
			m.ID = tc.id
			s := &Store{Dir: filepath.Join(root, "own"), System: []string{filepath.Join(root, "system")}}
			system := filepath.Join(s.System[0], m.File)
			for path, there := range map[string]bool{s.Path(m): tc.file, s.partPath(m): tc.part, system: tc.other} {
				if there {
					write(t, path, contents)
				}
			}
			err := s.Delete(t.Context(), m)
			if (err != nil) != (tc.says != "") || !errors.Is(err, tc.want) && tc.want != nil {
				t.Fatal(err)
			}
			if err != nil {
				if text := err.Error(); !strings.Contains(text, tc.says) || !strings.Contains(text, m.File) {
					t.Error(err)
				}
			}
			if sizeOf(s.Path(m)) != -1 || sizeOf(s.partPath(m)) != -1 {
				t.Error("a file is left")
			}
			if tc.other != (sizeOf(system) != -1) {
				t.Error("the system's file is gone")
			}
		})
	}
	if err := (&Store{}).Delete(t.Context(), testModel("")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
}

func TestUsage(t *testing.T) {
	m := testModel("")
	s := &Store{Dir: filepath.Join(t.TempDir(), "deep", "models"), System: []string{t.TempDir()}}
	check := func(want int64) {
		t.Helper()
		if got, err := s.Usage(); got != want || err != nil {
			t.Errorf("%d bytes, %v, want %d", got, err, want)
		}
		if free, err := s.Free(); free <= 0 || err != nil {
			t.Errorf("%d bytes free, %v", free, err)
		}
	}
	check(0)
	write(t, filepath.Join(s.System[0], m.File), contents)
	check(0)
	write(t, s.Path(m), contents)
	write(t, s.partPath(m), contents[:half])
	if err := os.Symlink(s.Path(m), filepath.Join(s.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	check(int64(len(contents)) + half)
	if _, err := (&Store{Dir: s.Path(m)}).Usage(); err == nil || !strings.Contains(err.Error(), m.File) {
		t.Errorf("of a file: %v", err)
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
