package kit

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Root holds the screen on top of the stack, what lies over all screens, and
// notices when the window is painted.
type Root struct {
	Panel
	probe   *canvas.Raster
	watcher *Watcher
	Over    fyne.CanvasObject // over the screen; nil for none
}

// NewRoot makes a root without a screen; painted is called at each paint.
func NewRoot(painted func(), w *Watcher) *Root {
	r := &Root{watcher: w}
	pixel := image.NewRGBA(image.Rect(0, 0, 1, 1))
	r.probe = canvas.NewRaster(func(int, int) image.Image {
		painted()
		return pixel
	})
	r.Panel.Init(r, r.place)
	r.Panel.SetObjects(r.probe)
	return r
}

// SetScreen shows a screen beneath what lies over all.
func (r *Root) SetScreen(o fyne.CanvasObject) {
	objects := []fyne.CanvasObject{Rect(Colors.Background), o}
	if r.Over != nil {
		objects = append(objects, r.Over)
	}
	r.Panel.SetObjects(append(objects, r.watcher, r.probe)...)
	r.Panel.Relayout()
}

func (r *Root) place(size fyne.Size) {
	for _, o := range r.Objects {
		if o == r.probe {
			o.Resize(fyne.NewSize(1, 1))
			continue
		}
		o.Resize(size)
	}
}
