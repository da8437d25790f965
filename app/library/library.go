// Package library knows the networks and demos that there are: the program's
// own and those that people imported, and where their files lie.
//
// In: models, and the folder of imported models. Out: one catalogue, read again
// only when an import changed it, and stores of model files. It imports models,
// app/custom and app/paths; app may import it.
package library

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"reterminal-vision/app/custom"
	"reterminal-vision/app/paths"
	"reterminal-vision/models"
)

// ImportedFolder is where imported models are kept: $RTV_OWN, else own beside
// the enrolled people.
func ImportedFolder() (string, error) {
	if folder := os.Getenv("RTV_OWN"); folder != "" {
		return folder, nil
	}
	folder, err := paths.Data("own")
	if err != nil {
		return "", fmt.Errorf("no folder for imported models: set RTV_OWN to one: %w", err)
	}
	return folder, nil
}

// loaded is the catalogue last read, and the state of the folder then.
var loaded struct {
	sync.Mutex
	folder string
	list   fs.FileInfo // of the list of imported models; nil when there was none
	all    *models.Catalogue
	reads  int // how often the list was read, for tests
}

// Catalogue is the program's own with what was imported, by this process or
// another. It is shared, so it is only read.
func Catalogue() *models.Catalogue {
	folder, err := ImportedFolder()
	if err != nil {
		return models.Default()
	}
	list, err := os.Stat(filepath.Join(folder, custom.ListName))
	if err != nil {
		list = nil
	}
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.all == nil || loaded.folder != folder || !same(loaded.list, list) {
		loaded.folder, loaded.list, loaded.all = folder, list, read(folder)
		loaded.reads++
	}
	return loaded.all
}

// same reports whether a list is still the one it was. Imports replace the file.
func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func read(folder string) *models.Catalogue {
	imported, err := custom.List(folder)
	if err == nil && len(imported.Models) == 0 {
		return models.Default()
	}
	if err == nil {
		var all *models.Catalogue
		if all, err = models.Default().With(imported); err == nil {
			return all
		}
	}
	slog.Warn("imported models are left out", "error", err)
	return models.Default()
}

// OpenStore is the store in dir that also finds what was imported.
func OpenStore(dir string) *models.Store {
	store := models.NewStore(dir)
	if folder, err := ImportedFolder(); err == nil {
		store.System = append(store.System, folder)
	}
	return store
}

// DemoIDs are the IDs of all demos, in the gallery's order.
func DemoIDs() (ids []string) {
	for _, d := range Catalogue().Demos {
		ids = append(ids, d.ID)
	}
	return ids
}

// First is the first of the candidates whose file is on this device, nil for none.
func First(known *models.Catalogue, store *models.Store, candidates []string) *models.Model {
	for _, id := range candidates {
		if m := known.Model(id); store.Has(m) {
			return m
		}
	}
	return nil
}
