// Command parts writes what a package is made of: its copyright file, in
// Debian's machine-readable format, and a CycloneDX list of parts.
//
// In: the program that is packaged, which names its Go modules itself; the
// modules' folders, which have their licences; the catalogue of models and the
// folder of those that are shipped; bundled.json, which names what is compiled
// into the TensorFlow Lite library and the program's C code. Out: the files
// copyright and parts.cdx.json. A part whose licence is not known is an error.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"reterminal-vision/models"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("parts: ")
	var p packaged
	flag.StringVar(&p.binary, "binary", "", "the program")
	flag.StringVar(&p.library, "library", "", "the TensorFlow Lite library that goes with it")
	flag.StringVar(&p.models, "models", "", "folder of the models that go with it")
	flag.StringVar(&p.arch, "arch", "", "Debian's name of the architecture")
	flag.StringVar(&p.version, "version", "", "of the package")
	flag.StringVar(&p.depends, "depends", "", "the package's Depends field")
	epoch := flag.Int64("epoch", 0, "time of the build, in seconds since 1970")
	out := flag.String("out", ".", "folder that the files are written to")
	flag.Parse()
	p.built = time.Unix(*epoch, 0).UTC()
	if err := run(p, *out); err != nil {
		log.Fatal(err)
	}
}

// packaged is what the list is of.
type packaged struct {
	binary, library, models, arch, version, depends string
	built                                           time.Time
}

// part is one thing that somebody has a right in.
type part struct {
	kind      string // module, library, model or font
	name      string
	version   string
	where     string // the file, or the pattern of files, that it is in
	copyright []string
	licence   string // SPDX, or a name of our own
	text      string // of the licence; "" where Debian has it
	sum       string // SHA-256 in hex, "" for none
	source    string
}

func run(p packaged, out string) error {
	modules, err := modules(p.binary)
	if err != nil {
		return err
	}
	bundled, err := bundledParts()
	if err != nil {
		return err
	}
	networks, err := modelParts(p.models)
	if err != nil {
		return err
	}
	sum, err := fileSum(p.library)
	if err != nil {
		return err
	}
	for i := range bundled {
		if bundled[i].where == filepath.Base(p.library) && bundled[i].name == "TensorFlow Lite" {
			bundled[i].sum = sum
		}
	}
	all := slices.Concat(modules, bundled, networks)
	slices.SortStableFunc(all, func(a, b part) int { return strings.Compare(a.kind+a.name, b.kind+b.name) })
	copyright, err := copyrightFile(all)
	if err != nil {
		return err
	}
	list, err := cycloneDX(p, all)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(out, "copyright"), copyright, 0o644),
		os.WriteFile(filepath.Join(out, "parts.cdx.json"), list, 0o644))
}

// modules are those that the program was linked from, and Go.
func modules(binary string) ([]part, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var all []part
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		folder, err := output("go", "list", "-m", "-f", "{{.Dir}}", m.Path)
		if err != nil {
			return nil, err
		}
		found, err := moduleParts(m.Path, m.Version, folder)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	// Go's own modules have Go's own licence.
	folder, err := output("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys")
	if err != nil {
		return nil, err
	}
	own, err := moduleParts("std", strings.TrimPrefix(info.GoVersion, "go"), folder)
	return append(all, own...), err
}

// moduleParts reads each licence in a module's folder; Fyne and GLFW bring C
// code and fonts that have their own.
func moduleParts(path, version, folder string) ([]part, error) {
	var found []string
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "COPYING*", "glfw/LICENSE*", "theme/font/LICENSE*"} {
		files, _ := filepath.Glob(filepath.Join(folder, pattern)) // fails for a bad pattern only
		found = append(found, files...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("module %s has no licence in %s", path, folder)
	}
	var all []part
	for _, file := range found {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		inner, err := filepath.Rel(folder, filepath.Dir(file))
		if err != nil {
			return nil, err
		}
		p := part{kind: "module", name: path, version: version, where: filepath.Join(path, inner, "*"), source: "https://pkg.go.dev/" + path}
		if inner != "." {
			p.kind, p.name = "bundled", path+"/"+inner
		}
		if base := filepath.Base(file); strings.Contains(base, "_") {
			p.where = filepath.Join(path, inner, strings.TrimSuffix(strings.TrimPrefix(base, "LICENSE_"), ".txt")+"*")
		}
		if p.licence, p.text, err = recognise(string(text)); err != nil {
			return nil, fmt.Errorf("%s of module %s: %w", filepath.Base(file), path, err)
		}
		p.copyright = holders(string(text))
		if len(p.copyright) == 0 {
			p.copyright = []string{"the authors of " + p.name}
		}
		all = append(all, p)
	}
	return all, nil
}

//go:embed bundled.json
var bundledJSON []byte

// bundledParts are those that no file beside them tells of.
func bundledParts() ([]part, error) {
	var listed []struct {
		Kind, Name, Version, Where, Copyright, Licence, Source string
	}
	if err := json.Unmarshal(bundledJSON, &listed); err != nil {
		return nil, fmt.Errorf("bundled.json: %w", err)
	}
	var all []part
	for _, l := range listed {
		if _, ok := texts[l.Licence]; !ok {
			return nil, fmt.Errorf("bundled.json: %s: there is no text for the licence %q", l.Name, l.Licence)
		}
		all = append(all, part{kind: l.Kind, name: l.Name, version: l.Version, where: l.Where, copyright: []string{l.Copyright},
			licence: l.Licence, text: texts[l.Licence], source: l.Source})
	}
	return all, nil
}

// modelParts are the model files that are shipped; each must be in the
// catalogue.
func modelParts(folder string) ([]part, error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var all []part
	for _, f := range files {
		known := models.Default().Models
		i := slices.IndexFunc(known, func(m models.Model) bool { return m.File == f.Name() })
		if i < 0 {
			return nil, fmt.Errorf("%s is not in the catalogue", f.Name())
		}
		m := known[i]
		sum, err := fileSum(filepath.Join(folder, f.Name()))
		if err != nil {
			return nil, err
		}
		if sum != m.SHA256 {
			return nil, fmt.Errorf("%s is not the file of the catalogue", f.Name())
		}
		text, ok := texts[m.Licence]
		if !ok {
			return nil, fmt.Errorf("%s: there is no text for the licence %q", f.Name(), m.Licence)
		}
		all = append(all, part{kind: "model", name: m.ID, where: "usr/share/reterminal-vision/models/" + m.File,
			copyright: []string{m.Source}, licence: m.Licence, text: text, sum: sum, source: m.URL})
	}
	return all, nil
}

func fileSum(path string) (string, error) {
	text, err := os.ReadFile(path)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

func output(name string, args ...string) (string, error) {
	var out, complaint bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strconv.Quote(complaint.String()))
	}
	return strings.TrimSpace(out.String()), nil
}
