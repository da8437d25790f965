// Package assets holds what ships inside the binary for people to see: the
// footage that plays when there is no camera.
//
// In: nothing. Out: clips and pictures. app and ui may import it.
package assets

import (
	_ "embed"

	"reterminal-vision/camera"
)

//go:embed footage/traffic.mjpeg
var traffic []byte

// Clips are the built-in footages by name, drawn by this project's own
// renderer in footage/render.
func Clips() map[string]camera.Clip {
	return map[string]camera.Clip{
		"traffic": {Title: "Built-in: traffic", FPS: 15, Data: traffic},
	}
}
