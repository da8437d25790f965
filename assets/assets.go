// Package assets holds what ships inside the binary for people to see: the
// footage that plays when there is no camera.
//
// In: nothing. Out: clips and pictures. app and ui may import it.
package assets

import (
	"embed"

	"reterminal-vision/camera"
)

//go:embed footage/traffic.mjpeg
var traffic []byte

//go:embed footage/belt.mjpeg
var belt []byte

//go:embed footage/lungs.mjpeg
var lungs []byte

//go:embed footage/faces.mjpeg
var faces []byte

// Clips are the built-in footages by name, all drawn by this project; how, is
// said in footage/README.md.
func Clips() map[string]camera.Clip {
	return map[string]camera.Clip{
		"traffic": {Title: "Built-in: traffic", FPS: 15, Data: traffic},
		"belt":    {Title: "Built-in: conveyor belt", FPS: 10, Data: belt},
		"lungs":   {Title: "Built-in: X-rays", FPS: 10, Data: lungs},
		"faces":   {Title: "Built-in: visitors", FPS: 10, Data: faces},
	}
}

//go:embed previews
var previews embed.FS

// Preview is a short film of a demo at work, JPEG pictures one after the other,
// made of the built-in footage by the demo itself; nil for demos without one.
func Preview(demo string) []byte {
	b, _ := previews.ReadFile("previews/" + demo + ".mjpeg") // none is no error
	return b
}
