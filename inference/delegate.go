package inference

import (
	"fmt"
	"net/url"
	"strings"
)

// Delegate chooses the kernels that run a network: one of the constants, or
// what External makes.
type Delegate string

// Builtin runs the library's own optimized kernels, XNNPACK what it can on the
// XNNPACK library and the rest on them. Reference runs convolutions and fully
// connected layers as plain loops on one core, to check others against.
const (
	Builtin   Delegate = "builtin"
	XNNPACK   Delegate = "xnnpack"
	Reference Delegate = "reference"
)

// externalPrefix begins the name of a delegate that is a file.
const externalPrefix = "external:"

// An Option is what an external delegate is told, as backends=CpuAcc.
type Option struct{ Key, Value string }

// DelegateChoices says what ParseDelegate reads.
const DelegateChoices = "xnnpack, builtin, reference, or external:FILE?KEY=VALUE&..."

// ParseDelegate reads a delegate's name. That of an external one is
// external:FILE?KEY=VALUE&KEY=VALUE, with % and & in a value written as %25 and
// %26. The name none is an older one for builtin.
func ParseDelegate(name string) (Delegate, error) {
	if strings.HasPrefix(name, externalPrefix) {
		d := Delegate(name)
		_, _, err := d.split()
		return d, err
	}
	switch d := Delegate(strings.ToLower(name)); d {
	case Builtin, XNNPACK, Reference:
		return d, nil
	case "none":
		return Builtin, nil
	}
	return "", fmt.Errorf("unknown delegate %q: choose %s", name, DelegateChoices)
}

// External names the delegate in the file, which gets the options in order.
func External(file string, options ...Option) Delegate {
	name := externalPrefix + file
	separator := "?"
	for _, o := range options {
		name += separator + escapeKey.Replace(o.Key) + "=" + escapeValue.Replace(o.Value)
		separator = "&"
	}
	return Delegate(name)
}

var (
	escapeKey   = strings.NewReplacer("%", "%25", "&", "%26", "=", "%3D")
	escapeValue = strings.NewReplacer("%", "%25", "&", "%26")
)

// External reports whether the delegate is a file, and which.
func (d Delegate) External() (file string, ok bool) {
	rest, ok := strings.CutPrefix(string(d), externalPrefix)
	if !ok {
		return "", false
	}
	file, _, _ = strings.Cut(rest, "?")
	return file, true
}

// split takes an external delegate's name apart.
func (d Delegate) split() (file string, options []Option, err error) {
	file, text, _ := strings.Cut(strings.TrimPrefix(string(d), externalPrefix), "?")
	if file == "" {
		return "", nil, fmt.Errorf("delegate %q names no file: write %s/lib/delegate.so", d, externalPrefix)
	}
	if text == "" {
		return file, nil, nil
	}
	for part := range strings.SplitSeq(text, "&") {
		key, value, found := strings.Cut(part, "=")
		if key, err = url.PathUnescape(key); err == nil {
			value, err = url.PathUnescape(value)
		}
		if err != nil || !found || key == "" {
			return "", nil, fmt.Errorf("delegate %s: option %q: write KEY=VALUE, with %%25 for %% and %%26 for &", file, part)
		}
		if strings.Contains(key+value, "\x00") { // C would take what is before it
			return "", nil, fmt.Errorf("delegate %s: option %q: holds a zero byte, write it without", file, part)
		}
		options = append(options, Option{key, value})
	}
	return file, options, nil
}
