// Command page makes the page of a release: README.md as HTML, with how the
// packages are installed and what their checksums are in front of it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"html"
	"log"
	"os"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	markup "github.com/yuin/goldmark/renderer/html"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("page: ")
	readme := flag.String("readme", "README.md", "what the page says")
	version := flag.String("version", "", "of the release")
	sums := flag.String("sums", "", "file with the checksums")
	out := flag.String("out", "index.html", "the page")
	flag.Parse()
	text, err := os.ReadFile(*readme)
	if err != nil {
		log.Fatal(err)
	}
	listed, err := os.ReadFile(*sums)
	if err != nil {
		log.Fatal(err)
	}
	page, err := render(text, *version, string(listed))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*out, page, 0o644); err != nil {
		log.Fatal(err)
	}
}

const frame = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>reTerminal Vision %[1]s</title>
<style>
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; color: #1d2a26 }
h1, h2 { color: #123b31 } img { max-width: 100%% } table { border-collapse: collapse }
td, th { border: 1px solid #ccd8d3; padding: .3rem .6rem; text-align: left; vertical-align: top }
pre { background: #f0f5f3; padding: .8rem; overflow-x: auto } code { background: #f0f5f3 } a { color: #1f7a5c }
</style></head><body>
<h2>Version %[1]s</h2>
<ul>%[2]s</ul>
<pre>sudo apt install ./reterminal-vision_%[1]s_arm64.deb      # a reTerminal, or another 64-bit Raspberry Pi
sha256sum --check SHA256SUMS --ignore-missing</pre>
%[3]s
</body></html>
`

// render makes the page; sums are lines of a checksum and a file's name.
func render(readme []byte, version, sums string) ([]byte, error) {
	var body bytes.Buffer
	// README.md has a picture in HTML; it is this project's own text.
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(markup.WithUnsafe()))
	if err := md.Convert(readme, &body); err != nil {
		return nil, err
	}
	var files strings.Builder
	for line := range strings.Lines(sums) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			return nil, fmt.Errorf("%q is no checksum", line)
		}
		name = html.EscapeString(name)
		fmt.Fprintf(&files, "\n<li><a href=\"%s\">%s</a><br><code>%s</code></li>", name, name, html.EscapeString(sum))
	}
	return fmt.Appendf(nil, frame, html.EscapeString(version), files.String(), body.String()), nil
}
