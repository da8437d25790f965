package cli

import (
	"encoding/json"
	"io"
	"runtime/debug"
)

// BuildVersion is set by the build of a package.
var BuildVersion string

// Version is the version that the build names, or its commit.
func Version() string {
	if BuildVersion != "" {
		return BuildVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 8 {
				return s.Value[:8]
			}
		}
	}
	return ""
}

// PrintJSON writes a value for programs, and so that a person can read it.
func PrintJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
