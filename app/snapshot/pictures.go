package snapshot

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// FolderPath is where pictures are saved.
func FolderPath() (string, error) {
	if folder := os.Getenv("RTV_PICTURES"); folder != "" {
		return folder, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("pictures: %w: set RTV_PICTURES to a folder", err)
	}
	return filepath.Join(home, "Pictures"), nil
}

// Folder is that folder; it is made where there is none.
func Folder() (string, error) {
	folder, err := FolderPath()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("pictures: %w: set RTV_PICTURES to a folder that can be written", err)
	}
	return folder, nil
}

// NewFile is a name for a picture that does not exist yet.
func NewFile(demo string, now time.Time) (string, error) {
	folder, err := Folder()
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, fmt.Sprintf("%s-%s.jpg", demo, now.Format("20060102-150405.000"))), nil
}
