//go:build scenes

// Random street scenes with true boxes, to train the vehicle detector on.
//
// This file is laid over the program that draws the built-in footage (assets/footage/render) and uses its camera,
// its light and its vehicles in colours, views and lanes the footage does not have:
//
//	echo '{"Replace": {"'$PWD'/assets/footage/render/scenes.go": "'$PWD'/models/train/scenes.go"}}' > overlay.json
//	RTV_SCENES=build/scenes RTV_VIEWS=60 RTV_PER_VIEW=12 go run -tags scenes -overlay overlay.json ./assets/footage/render
//
// Out: RTV_SCENES/NNNN.jpg, 320x240, and boxes.json, which maps each name to its boxes in pixels.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"log"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

const sceneWidth, sceneHeight = 320, 240

// init takes the place of main when a folder for scenes is named.
func init() {
	folder := os.Getenv("RTV_SCENES")
	if folder == "" {
		return
	}
	if err := drawScenes(folder, number("RTV_VIEWS"), number("RTV_PER_VIEW")); err != nil {
		log.Fatal(err)
	}
	os.Exit(0)
}

func number(name string) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	return n
}

func drawScenes(folder string, views, perView int) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder of scenes: %w", err)
	}
	r := rng(20250901)
	fleet := wideFleet(&r)
	boxes := map[string][]box{}
	for v := range views {
		cam := anyCamera(&r)
		s := newStage(cam, newBackdrop(cam, sceneWidth, sceneHeight))
		for k := range perView {
			actors := anyTraffic(&r, fleet, &cam)
			blur := r.float() * r.float()
			light, found := s.render(func(instant float64) []place {
				moved := make([]place, len(actors))
				for i, p := range actors {
					way := (instant - .5) * blur
					if p.turned {
						way = -way
					}
					p.x += way
					moved[i] = p
				}
				return moved
			})
			name := fmt.Sprintf("%04d.jpg", v*perView+k)
			boxes[name] = found
			var b bytes.Buffer
			picture := expose(light, .45+.4*r.float(), &r)
			if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 70 + int(25*r.float())}); err != nil {
				return fmt.Errorf("encoding %s: %w", name, err)
			}
			if err := os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o644); err != nil {
				return fmt.Errorf("writing %s: %w", name, err)
			}
		}
	}
	text, err := json.Marshal(boxes)
	if err != nil {
		return fmt.Errorf("encoding the boxes: %w", err)
	}
	return os.WriteFile(filepath.Join(folder, "boxes.json"), text, 0o644)
}

// wideFleet lights vehicles of every kind in random paint, heading either way.
func wideFleet(r *rng) []actor {
	paint := func() vec {
		tone := .02 + .6*r.float()*r.float()
		return grey(tone).mix(vec{r.float(), r.float(), r.float()}.scale(.15+.6*r.float()), r.float())
	}
	var out []actor
	for i := range 4 {
		kinds := []*model{
			sedan(paint(), .05*r.float()), hatchback(paint(), .05*r.float()), suv(paint(), .05*r.float()), deliveryVan(paint()),
			motorcycle(paint(), paint()), bicycle(paint(), paint()), cityBus(paint(), paint()), boxTruck(paint(), paint()),
		}
		for _, m := range kinds {
			a := actor{model: m, turned: i%2 == 1}
			a.bake(a.turned)
			out = append(out, a)
		}
	}
	return out
}

// anyCamera stands on either pavement or in the road and looks somewhere along the road.
func anyCamera(r *rng) camera {
	pos := vec{-40 + 50*r.float(), -4.5 + 3.5*r.float(), 1.1 + 2.5*r.float()*r.float()}
	yaw := (r.float()*2 - 1) * 70 * math.Pi / 180 // from straight across
	switch r.next() % 4 {
	case 0:
		pos.Y = 8 + 1.2*r.float()
		yaw += math.Pi
	case 1:
		pos.Y, pos.Z = 1+5*r.float(), 1.4+3.5*r.float()
		yaw = math.Pi/2 + (r.float()-.5)*.6
		if r.next()%2 == 0 {
			yaw += math.Pi
		}
	}
	pitch := -(2 + 5*pos.Z*r.float()) * math.Pi / 180
	return newCamera(pos, yaw, pitch, (36+36*r.float())*math.Pi/180, sceneWidth, sceneHeight)
}

// anyTraffic places up to seven vehicles on the road before the camera, none inside another or on top of the camera.
func anyTraffic(r *rng, fleet []actor, cam *camera) []place {
	var out []place
	wanted := int(r.next() % 8)
	for tries := 0; len(out) < wanted && tries < 60; tries++ {
		a := fleet[int(r.next()%uint64(len(fleet)))]
		a.y = []float64{.75, 2, 5.4, 6.5}[r.next()%4] + (r.float()-.5)*.5
		if two := a.class == "bicycle" || a.class == "motorcycle"; !two {
			a.y = []float64{2, 5.4}[r.next()%2] + (r.float()-.5)*.6
		}
		p := place{&a, cam.pos.X + (r.float()*2-1)*(6+30*r.float()), r.float() * 3}
		middle := vec{p.x, a.y, a.size.Z / 2}
		x, _, depth := cam.project(middle)
		near := math.Abs(p.x-cam.pos.X) < a.size.X/2+2.2 && math.Abs(a.y-cam.pos.Y) < a.size.Y/2+1.3
		clear := depth > 2 && within(x, -.25*sceneWidth, 1.25*sceneWidth) && !near
		for _, o := range out {
			if math.Abs(o.y-a.y) < (o.size.Y+a.size.Y)/2+.15 && math.Abs(o.x-p.x) < (o.size.X+a.size.X)/2+.5 {
				clear = false
			}
		}
		if clear {
			out = append(out, p)
		}
	}
	return out
}

// expose is develop for a picture of this size and any exposure.
func expose(light []vec, gain float64, r *rng) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, sceneWidth, sceneHeight))
	for i, c := range light {
		n := r.normal() * 1.2
		c = c.scale(gain)
		o := 4 * i
		img.Pix[o], img.Pix[o+1], img.Pix[o+2], img.Pix[o+3] = tone(c.X, n), tone(c.Y, n), tone(c.Z, n), 255
	}
	return img
}
