// Package paths says where the app keeps what it must not lose.
//
// In: the environment. Out: paths of files; nothing is created. It imports
// nothing of this project; app and its packages may import it.
package paths

import (
	"fmt"
	"os"
	"path/filepath"
)

// People is the database of enrolled people: $RTV_PEOPLE, else people.db in the
// app's folder of the user's data (XDG Base Directory Specification).
func People() (string, error) {
	if path := os.Getenv("RTV_PEOPLE"); path != "" {
		return path, nil
	}
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("no place for enrolled people: set RTV_PEOPLE to a file: %w", err)
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "reterminal-vision", "people.db"), nil
}

// Data is another file or folder of the app, beside the database of people.
func Data(name string) (string, error) {
	people, err := People()
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(people), name), nil
}
