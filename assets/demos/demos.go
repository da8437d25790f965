// Package demos holds everything of the built-in demos, a folder for each:
//
//	demo.json      task, networks, alarm and texts, as models.Demo has them
//	card.svg       its illustration in the gallery, 160x160; optional
//	preview.mjpeg  a short film of it at work, made by make previews; optional
//	clip.mjpeg     footage to play without a camera; optional
//	truth.json     what is in each picture of that footage
//
// In: nothing. Out: these files, and the texts by language. A demo is added by
// adding a folder. The package imports nothing of this project; models,
// assets/lang, ui and app may import it.
package demos

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"sync"
)

//go:embed */demo.json */*.svg */*.mjpeg
var files embed.FS

// Text is what a visitor reads about a demo, in one language.
type Text struct {
	Title   string `json:"title"`
	Summary string `json:"summary"` // one sentence, on the card
	How     string `json:"how"`     // how it works
	Limits  string `json:"limits"`  // what it cannot do
}

// Texts are by language tag, "en" among them.
type Texts map[string]Text

// Clip is footage to play without a camera.
type Clip struct {
	Title string        // for people
	FPS   float64       // pictures a second
	Data  func() []byte // JPEG pictures one after the other, copied at each call
}

// description is the part of demo.json that is read here.
type description struct {
	Builtin string `json:"builtin"`
	Clip    *struct {
		Title string  `json:"title"`
		FPS   float64 `json:"fps"`
	} `json:"clip"`
	Text Texts `json:"text"`
}

// descriptions are by the demo's ID, its folder. A mistake in one is one of
// the build and panics.
var descriptions = sync.OnceValue(func() map[string]description {
	all := map[string]description{}
	for id, text := range Files() {
		var d description
		if err := json.Unmarshal(text, &d); err != nil {
			panic(fmt.Sprintf("demos: %s: %v", id, err))
		}
		all[id] = d
	}
	return all
})

// Files are the demo.json files by ID.
func Files() map[string][]byte {
	found, err := fs.Glob(files, "*/demo.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	all := map[string][]byte{}
	for _, name := range found {
		all[path.Dir(name)] = read(path.Dir(name), "demo.json")
	}
	return all
}

// Clips are the built-in footages by name.
func Clips() map[string]Clip {
	clips := map[string]Clip{}
	for id, d := range descriptions() {
		if d.Clip != nil {
			clips[d.Builtin] = Clip{Title: d.Clip.Title, FPS: d.Clip.FPS, Data: func() []byte { return read(id, "clip.mjpeg") }}
		}
	}
	return clips
}

// Translations are the texts of all demos in a language by their English ones.
func Translations(tag string) map[string]string {
	words := map[string]string{}
	for _, d := range descriptions() {
		en := d.Text["en"]
		t, ok := d.Text[tag]
		if !ok {
			continue
		}
		words[en.Title], words[en.Summary], words[en.How], words[en.Limits] = t.Title, t.Summary, t.How, t.Limits
	}
	return words
}

// Card is a demo's own illustration, an SVG of 160x160; nil for none.
func Card(id string) []byte { return read(id, "card.svg") }

// Preview is a short film of a demo at work, JPEG pictures one after the other;
// nil for none.
func Preview(id string) []byte { return read(id, "preview.mjpeg") }

// read is a file of a demo's folder, nil when there is none.
func read(id, name string) []byte {
	b, _ := files.ReadFile(path.Join(id, name))
	return b
}
