// Command render draws the built-in sample footage: a street with traffic, made by this program alone.
//
// In: nothing but its own numbers. Out: clip.mjpeg (JPEG pictures one after another), which loops without a seam, and
// truth.json with the true box of each visible vehicle in each frame, in pixels. The same program draws the same bytes
// on every run.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"log"
	"math"
	"os"
	"path/filepath"
)

const (
	width, height = 640, 480
	fps           = 15
	frames        = 160
	period        = 84.0 // metres after which the traffic repeats, driven in one loop
)

// truth is the content of the JSON file.
type truth struct {
	Width  int     `json:"width"`
	Height int     `json:"height"`
	FPS    int     `json:"fps"`
	Frames [][]box `json:"frames"`
}

func main() {
	out := flag.String("out", ".", "the folder for clip.mjpeg and truth.json")
	quality := flag.Int("quality", 52, "JPEG quality")
	step := flag.Int("step", 1, "draw every n-th frame only, for a quick look")
	flag.Parse()
	if err := run(*out, *quality, *step); err != nil {
		log.Fatal(err)
	}
}

func run(out string, quality, step int) error {
	cam := newCamera(vec{0, -3.6, 2.3}, 46*math.Pi/180, -4.5*math.Pi/180, 58*math.Pi/180, width, height)
	back := newBackdrop(cam, width, height)
	traffic := traffic()
	t := truth{Width: width, Height: height, FPS: fps, Frames: make([][]box, (frames+step-1)/step)}
	pictures := make([][]byte, len(t.Frames))
	stages := make(chan *stage, 64)
	parallel(len(pictures), func(i int) {
		var s *stage
		select {
		case s = <-stages:
		default:
			s = newStage(cam, back)
		}
		light, boxes := s.render(func(instant float64) []place {
			// The shutter is open for an eighth of the frame's time.
			return positions(traffic, (float64(i*step)+instant*.12)/frames)
		})
		t.Frames[i] = boxes
		var b bytes.Buffer
		if err := jpeg.Encode(&b, develop(light, i), &jpeg.Options{Quality: quality}); err != nil {
			log.Fatalf("encoding frame %d: %v", i, err)
		}
		pictures[i] = b.Bytes()
		stages <- s
	})
	return write(out, pictures, t)
}

func write(folder string, pictures [][]byte, t truth) error {
	out := filepath.Join(folder, "clip.mjpeg")
	f, err := os.Create(out)
	if err != nil {
		return fmt.Errorf("creating the footage: %w", err)
	}
	w := bufio.NewWriter(f)
	for _, p := range pictures {
		w.Write(p) // a bufio.Writer keeps its first error for Flush
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing %s: %w", out, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("closing %s: %w", out, err)
	}
	text, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("encoding the boxes: %w", err)
	}
	text = bytes.ReplaceAll(text, []byte("],["), []byte("],\n["))
	if err := os.WriteFile(filepath.Join(folder, "truth.json"), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the boxes: %w", err)
	}
	return nil
}

// traffic builds and lights every vehicle of one period.
func traffic() []actor {
	const near, far, verge = 2.0, 5.4, .75
	out := []actor{
		{hatchback(vec{.015, .07, .30}, .02), 0, near, period, false},
		{sedan(vec{.40, .012, .01}, 0), 14, near, period, false},
		{motorcycle(vec{.35, .02, .01}, vec{.05, .05, .06}), 23, near, period, false},
		{deliveryVan(vec{.72, .72, .70}), 37.5, near, period, false},
		{suv(vec{.33, .34, .35}, .05), 52, near, period, false},
		{hatchback(vec{.60, .33, .02}, 0), 68, near, period, false},
		{bicycle(vec{.02, .2, .25}, vec{.55, .12, .05}), 20, verge, period / 2, false},
		{bicycle(vec{.02, .2, .25}, vec{.55, .12, .05}), 20 + period/2, verge, period / 2, false},
		{suv(vec{.02, .10, .05}, .03), 0, far, period, true},
		{cityBus(vec{.70, .70, .66}, vec{.45, .03, .02}), 17, far, period, true},
		{sedan(vec{.62, .62, .60}, .02), 32.5, far, period, true},
		{hatchback(vec{.20, .25, .28}, .05), 42.5, far, period, true},
		{boxTruck(vec{.03, .12, .32}, vec{.70, .70, .69}), 54, far, period, true},
		{sedan(vec{.02, .02, .025}, .03), 68, far, period, true},
	}
	for i := range out {
		out[i].bake(out[i].turned)
	}
	return out
}

// positions places the traffic at a moment of the loop, 0 to 1, with its repetitions in sight.
func positions(traffic []actor, moment float64) []place {
	var out []place
	for i := range traffic {
		a := &traffic[i]
		way := a.speed * moment
		x := a.x + way
		if a.turned {
			x = a.x - way
		}
		x -= math.Floor(x/period)*period + period
		for ; x < 15; x += period {
			out = append(out, place{a, x, way})
		}
	}
	return out
}

// develop is the camera behind the lens: exposure, film curve, a little blur, vignette and noise.
func develop(light []vec, frame int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	r := rng(frame*7727 + 5)
	at := func(x, y int) vec { return light[min(max(y, 0), height-1)*width+min(max(x, 0), width-1)] }
	for y := range height {
		for x := range width {
			around := at(x-1, y).add(at(x+1, y)).add(at(x, y-1)).add(at(x, y+1))
			c := at(x, y).scale(.72).add(around.scale(.07))
			u, v := float64(x)/width-.5, float64(y)/height-.5
			c = c.scale(.62 * (1 - .35*(u*u+v*v)))
			n := r.normal() * .6
			o := img.PixOffset(x, y)
			img.Pix[o], img.Pix[o+1], img.Pix[o+2], img.Pix[o+3] = tone(c.X, n), tone(c.Y, n), tone(c.Z, n), 255
		}
	}
	return img
}

// tone is a filmic curve (the rational fit by Krzysztof Narkowicz) followed by the sRGB transfer function.
func tone(x, noise float64) uint8 {
	x = clamp(x*(2.51*x+.03)/(x*(2.43*x+.59)+.14), 0, 1)
	if x < .0031308 {
		x *= 12.92
	} else {
		x = 1.055*math.Pow(x, 1/2.4) - .055
	}
	return uint8(clamp(x*255+noise+.5, 0, 255))
}
