package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRecognise(t *testing.T) {
	for _, tt := range []struct{ text, licence, body string }{
		{"The MIT License\n\nCopyright (c) 2020 Somebody\n\n" + mit, "MIT", "Permission is hereby"},
		{bsd + bsd3 + bsdEnd, "BSD-3-Clause", "Redistribution"},
		{bsd + bsdEnd, "BSD-2-Clause", "Redistribution"},
		{"  Apache License\n  Version 2.0, January 2004\n", "Apache-2.0", "common-licenses/Apache-2.0"},
		{"You may do as you like.", "", ""},
	} {
		licence, body, err := recognise(tt.text)
		if licence != tt.licence || !strings.Contains(body, tt.body) || (err == nil) != (tt.licence != "") {
			t.Errorf("%.30q is %q, %v:\n%s", tt.text, licence, err, body)
		}
		if strings.Contains(body, "Somebody") {
			t.Errorf("the holder is left in the text:\n%s", body)
		}
	}
	if got := holders("Copyright (c) 2020 A\n * Copyright 2021 B, C\nthe copyright holder\n"); !slices.Equal(got, []string{"Copyright (c) 2020 A", "Copyright 2021 B, C"}) {
		t.Errorf("holders %q", got)
	}
}

// TestParts is a package of this test's own program, of all trained models and
// of those that the set-up brings.
func TestParts(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	models := t.TempDir()
	files, _ := filepath.Glob("../../models/trained/*.tflite")
	fetched, _ := filepath.Glob("../../.native/mirror/*.tflite")
	files = append(files, fetched...)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(models, filepath.Base(f)), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	library := filepath.Join(t.TempDir(), "libtensorflowlite_c.so")
	if err := os.WriteFile(library, []byte("library"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := packaged{binary: exe, library: library, models: models, arch: "arm64", version: "1.2", depends: "libc6 (>= 2.34), libyuv0", built: time.Unix(1e9, 0).UTC()}
	var outs [2][]byte
	for i := range outs {
		out := t.TempDir()
		if err := run(p, out); err != nil {
			t.Fatal(err)
		}
		list, err := os.ReadFile(filepath.Join(out, "parts.cdx.json"))
		if err != nil {
			t.Fatal(err)
		}
		outs[i] = list
		copyright, err := os.ReadFile(filepath.Join(out, "copyright"))
		if err != nil || !strings.HasPrefix(string(copyright), "Format: ") || strings.Count(string(copyright), "\nFiles: ") < len(files)+15 {
			t.Errorf("copyright: %v\n%.2000s", err, copyright)
		}
	}
	if string(outs[0]) != string(outs[1]) {
		t.Error("two lists of the same parts differ")
	}
	var list struct {
		BOMFormat  string
		Components []struct{ Name, Type, Purl string }
	}
	if err := json.Unmarshal(outs[0], &list); err != nil || list.BOMFormat != "CycloneDX" {
		t.Fatal(err)
	}
	of := map[string]int{}
	for _, c := range list.Components {
		of[c.Type]++
	}
	if of["machine-learning-model"] != len(files) || of["library"] < 15 || of["data"] != 2 {
		t.Errorf("components by type: %v", of)
	}
	p.models = filepath.Dir(library)
	if err := run(p, t.TempDir()); err == nil || !strings.Contains(err.Error(), "not in the catalogue") {
		t.Errorf("a file that is no model: %v", err)
	}
}
