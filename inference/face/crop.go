package face

import "reterminal-vision/inference"

// Crop is the region round a face box that a second network looks at: the
// box grown by margin times its longer side on every side (0.1 = 10 %), then
// widened about its centre to aspect (width over height; 1 for a square). It
// may reach past the frame's edges, where inference.Preprocessor mirrors.
func Crop(face inference.Box, margin, aspect float32) inference.Box {
	w, h := face.Width(), face.Height()
	grow := 2 * margin * max(w, h)
	w, h = w+grow, h+grow
	w, h = max(w, h*aspect), max(h, w/aspect)
	cx, cy := (face.X0+face.X1)/2, (face.Y0+face.Y1)/2
	return inference.Box{X0: cx - w/2, Y0: cy - h/2, X1: cx + w/2, Y1: cy + h/2}
}
