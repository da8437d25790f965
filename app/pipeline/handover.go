package pipeline

import (
	"fmt"
	"sync"

	"reterminal-vision/app/config"
	"reterminal-vision/camera"
)

// Handover passes an open camera from a session to the next one of the same
// demo, whose networks, backend or threads changed. The zero value passes none;
// a nil Handover does nothing.
type Handover struct {
	mu       sync.Mutex
	expected bool // the next session that ends leaves its camera
	fresh    bool // it has, and has not returned yet
	source   camera.Source
	key      string
}

// cameraKey tells cameras and ways to open them apart. Turns are not part of it.
func cameraKey(cfg config.Config) string {
	return fmt.Sprint(cfg.Source, cfg.Width, cfg.Height, cfg.FPS, cfg.PixelFormat, cfg.Controls)
}

// Expect has the session that runs leave its camera open when it ends.
func (h *Handover) Expect() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expected = true
}

// leave takes over a camera where the next session may want it.
func (h *Handover) leave(cfg config.Config, source camera.Source) bool {
	if h == nil || !source.Info().Live() {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.expected {
		return false
	}
	h.expected, h.fresh, h.source, h.key = false, true, source, cameraKey(cfg)
	return true
}

// take is the camera that was left, nil for none of this configuration: another
// one is closed first, since both may be the same device.
func (h *Handover) take(cfg config.Config) camera.Source {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	source := h.source
	h.source, h.fresh = nil, false
	if source != nil && h.key != cameraKey(cfg) {
		source.Close()
		return nil
	}
	return source
}

// Settle is called when a session has ended: a camera that was left before it
// began, and not taken, is closed.
func (h *Handover) Settle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expected = false
	if h.fresh {
		h.fresh = false
		return
	}
	if h.source != nil {
		h.source.Close()
		h.source = nil
	}
}
