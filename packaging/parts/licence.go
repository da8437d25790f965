package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// marks are phrases that tell a licence, the first that fits.
var marks = []struct {
	licence string
	phrases []string
}{
	{"OFL-1.1", []string{"SIL OPEN FONT LICENSE Version 1.1"}},
	{"OFL-1.1", []string{"SIL Open Font License, Version 1.1"}},
	{"Bitstream-Vera", []string{"Bitstream Vera Fonts Copyright"}},
	{"Apache-2.0", []string{"Apache License", "Version 2.0, January 2004"}},
	{"MPL-2.0", []string{"Mozilla Public License Version 2.0"}},
	{"BSD-3-Clause", []string{"Redistribution and use in source and binary forms", "endorse or promote"}},
	{"BSD-2-Clause", []string{"Redistribution and use in source and binary forms"}},
	{"Zlib", []string{"This software is provided 'as-is'", "must not be misrepresented"}},
	{"ISC", []string{"Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"}},
	{"ISC", []string{"Permission to use, copy, modify, and distribute this software for any purpose with or without fee"}},
	{"MIT", []string{"Permission is hereby granted, free of charge", "substantial portions of the Software"}},
}

// texts are licences of parts that come without their text.
var texts = map[string]string{
	"Apache-2.0":   onDebian("Apache-2.0"),
	"MPL-2.0":      onDebian("MPL-2.0"),
	"MIT":          mit,
	"BSD-2-Clause": bsd + bsdEnd,
	"BSD-3-Clause": bsd + bsd3 + bsdEnd,
	"OFL-1.1":      "The text is that of the licence OFL-1.1 elsewhere in this file.",
	"FFT2D": "You may use, copy, modify and distribute this code for any purpose (include commercial use) without fee. " +
		"Please refer to this package when you modify this code.",
	"UTKFace": "Means of at least 24 pictures each of the data set UTKFace, which is for non-commercial research. No person is shown.",
	"own":     "The terms are those under which this package was handed over; no others are granted.",
}

func onDebian(name string) string {
	return "On Debian systems the full text is in /usr/share/common-licenses/" + name + "."
}

const (
	mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`
	bsd = `Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

* Redistributions of source code must retain the above copyright notice, this list of conditions and the following
disclaimer.

* Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
disclaimer in the documentation and/or other materials provided with the distribution.

`
	bsd3 = `* Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote
products derived from this software without specific prior written permission.

`
	bsdEnd = `THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF
THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`
)

// recognise tells which licence a text is, and what of it goes into the
// copyright file.
func recognise(text string) (licence, body string, err error) {
	flat := strings.Join(strings.Fields(text), " ")
	for _, m := range marks {
		if slices.ContainsFunc(m.phrases, func(p string) bool { return !strings.Contains(flat, p) }) {
			continue
		}
		switch m.licence {
		case "Apache-2.0", "MPL-2.0":
			return m.licence, onDebian(m.licence), nil
		}
		return m.licence, withoutHolders(text), nil
	}
	return "", "", errors.New("this licence is not known: read it, and add what tells it to packaging/parts/licence.go")
}

var holder = regexp.MustCompile(`(?i)^\W*(copyright\b.*(\d{4}|©|\(c\)).*)$`)

// holders are the lines that say whose it is.
func holders(text string) (found []string) {
	if strings.Contains(text, "Version 2.0, January 2004") { // its example is nobody's
		return nil
	}
	for line := range strings.Lines(text) {
		if m := holder.FindStringSubmatch(strings.TrimSpace(line)); m != nil && !slices.Contains(found, m[1]) {
			found = append(found, strings.TrimSpace(m[1]))
		}
	}
	return found
}

func withoutHolders(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !holder.MatchString(strings.TrimSpace(line)) {
			kept = append(kept, strings.TrimRight(line, " \t\r\n"))
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// copyrightFile is the file in Debian's format: who holds what under which
// licence, and then each licence once.
func copyrightFile(all []part) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n" +
		"Upstream-Name: reTerminal Vision\n" +
		"Comment:\n The program is linked from the Go modules below. Its folder has the TensorFlow Lite library, which is built from\n" +
		" the libraries that are named with it. parts.cdx.json beside this file lists all of it with versions.\n\n" +
		"Files: *\nCopyright: the authors of reTerminal Vision\nLicense: own\n")
	names := map[string]string{"own\n" + flatten(texts["own"]): "own"} // by licence and text
	order := []string{"own"}
	bodies := map[string]string{"own": texts["own"]}
	for _, p := range all {
		key := p.licence + "\n" + flatten(p.text)
		if names[key] == "" {
			name := strings.ReplaceAll(p.licence, " ", "-")
			for n := 2; bodies[name] != ""; n++ {
				name = fmt.Sprintf("%s~%d", p.licence, n)
			}
			if p.text == "" {
				return nil, fmt.Errorf("%s: its licence has no text", p.name)
			}
			names[key], bodies[name], order = name, p.text, append(order, name)
		}
		fmt.Fprintf(&b, "\nFiles: %s\nCopyright: %s\nLicense: %s\n", strings.ReplaceAll(p.where, " ", "?"), strings.Join(p.copyright, "\n "), names[key])
	}
	slices.Sort(order)
	for _, name := range order {
		fmt.Fprintf(&b, "\nLicense: %s\n", name)
		for line := range strings.Lines(bodies[name]) {
			if line = strings.TrimSpace(line); line == "" {
				line = "."
			}
			fmt.Fprintf(&b, " %s\n", line)
		}
	}
	return b.Bytes(), nil
}

// flatten makes texts comparable that differ in space and marks alone.
func flatten(text string) string {
	return strings.ToLower(strings.Join(regexp.MustCompile(`[A-Za-z0-9]+`).FindAllString(text, -1), " "))
}
