// Package models knows which networks the demos run and keeps their files.
//
// In: the catalogue (catalogue.json, embedded), label lists (labels/), entries
// that a person added, and a folder, mirror or web address that files come
// from. Out: the contract of every network's tensors, the demos built from
// them, and paths of model files whose size and SHA-256 have been checked.
//
// It imports nothing of this project; app and ui may import it.
package models

import (
	"fmt"
	"slices"
	"strings"
)

// Catalogue lists the networks and the demos that run them.
type Catalogue struct {
	Models []Model
	Demos  []Demo
}

// Model describes one network: where its file comes from and what its
// tensors mean.
type Model struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	File    string `json:"file"`   // name of the file in the store
	URL     string `json:"url"`    // "" when only a mirror or this program has it
	SHA256  string `json:"sha256"` // 64 lower-case hex digits
	Size    int64  `json:"size"`   // bytes
	Licence string `json:"licence"`
	Source  string `json:"source"` // who published it
	// Use is what the licences of its training data allow, where that is less than
	// Licence does: "research" (non-commercial research only); "" for no more.
	Use string `json:"use,omitempty"`
	// Variant is how the weights are kept: "fp32", "fp16", "dynamic" (8-bit
	// weights), "int8" or "sparse"; "" where that is not known.
	Variant string `json:"variant,omitempty"`
	// Family is alike for networks that are one network in several variants; ""
	// for one that has no others.
	Family string `json:"family,omitempty"`
	// Task names the decoder, and so the roles of the outputs:
	//
	//	ssd          a detector with its post-processing inside the graph: boxes, classes, scores, count
	//	ssd-anchors  one with raw outputs: boxes, scores
	//	yolo         a YOLO v2 or v3 head: grid, and fine for a second scale
	//	yolov8       boxes and class scores in one: boxes
	//	segment      class scores or ready-made classes of every cell: map
	//	classify     a score for every class: scores
	//	face         a face detector: boxes, scores, and perhaps landmarks
	//	head         tells something of one face: what its answers name
	//	embedding    what identifies a face: embedding
	Task    string   `json:"task"`
	Input   Input    `json:"input"`
	Outputs []Output `json:"outputs"`
	// Labels names the label list; class c of the network is line
	// c+LabelOffset of it, counted from 0.
	Labels      string `json:"labels"`
	LabelOffset int    `json:"labelOffset,omitempty"`
	// Names are the list itself where it is none of the program's own: of a
	// model that a person added. LabelList gives either.
	Names []string `json:"-"`
	// Logits says of a classifier that its scores are not yet probabilities.
	Logits    bool    `json:"logits,omitempty"`
	Threshold float32 `json:"threshold"`     // least score of a result, 0..1
	IoU       float32 `json:"iou,omitempty"` // overlap at which the weaker of two boxes goes; 0 when the graph does it
	// Experimental marks a network trained to try the whole path out, which is
	// not yet good at its task.
	Experimental bool `json:"experimental,omitempty"`
	// Accuracy is how right the network is, the most telling figure first; none
	// where that was not measured.
	Accuracy []Accuracy `json:"-"`

	// Each of these is set for the task of its name alone.
	Anchors *SSDAnchors `json:"anchors,omitempty"`
	YOLO    *YOLO       `json:"yolo,omitempty"` // yolo and yolov8
	Face    *Face       `json:"face,omitempty"`
	Head    *Head       `json:"head,omitempty"`
}

// YOLO says how a YOLO head encodes boxes.
type YOLO struct {
	Kind    string         `json:"kind"`    // "v2", "v3" or "v8"
	Unit    string         `json:"unit"`    // of the anchors (v8: of the boxes): "image", "cells" or "pixels"
	Anchors [][][2]float32 `json:"anchors"` // width and height, by output; none for v8
	// Objectness is what objectness is multiplied by before its sigmoid; 0 stands for 1.
	Objectness float32 `json:"objectness,omitempty"`
}

// Face says how a face detector encodes boxes.
type Face struct {
	Kind      string      `json:"kind"` // "ultralight" or "blazeface"
	Layers    []FaceLayer `json:"layers"`
	Even      bool        `json:"even,omitempty"`      // cells are spread evenly where strides do not divide the input
	Variances [2]float32  `json:"variances,omitempty"` // of places and sizes, for ultralight
	Logits    bool        `json:"logits,omitempty"`    // scores are not yet probabilities
	// Wide is how much wider its boxes are than those of Ultra-Light RFB, on which
	// networks for liveness were trained; 0 stands for 1.
	Wide  float32 `json:"wide,omitempty"`
	Blend bool    `json:"blend,omitempty"` // overlapping boxes are averaged by score
	Fit   *Fit    `json:"fit,omitempty"`
}

// Fit brings a detector's boxes to those of Ultra-Light RFB, from which the
// margins of heads are measured: medians over some 400 faces that both find.
type Fit struct {
	Y      float32 `json:"y"`     // the centre moves down by this part of the height
	Width  float32 `json:"width"` // what the sides are multiplied by
	Height float32 `json:"height"`
}

// FaceLayer is one grid of a face detector's anchors.
type FaceLayer struct {
	Stride int          `json:"stride"`          // pixels
	Boxes  [][2]float32 `json:"boxes,omitempty"` // widths and heights in pixels of the input, for ultralight
	Count  int          `json:"count,omitempty"` // anchors in a cell, for blazeface
}

// Head says what a network tells of one face.
type Head struct {
	Margin  float32  `json:"margin"` // round the face box, as part of its longer side
	Answers []Answer `json:"answers"`
}

// Answer finds what a network tells by its name, nil when it does not.
func (h *Head) Answer(name string) *Answer {
	for i := range h.Answers {
		if h.Answers[i].Name == name {
			return &h.Answers[i]
		}
	}
	return nil
}

// Answer is what one output of a head means.
type Answer struct {
	Name    string    `json:"name"`   // "age", "gender", "emotion", "liveness"
	Kind    string    `json:"kind"`   // "softmax", "logits", "sigmoid", "years", "expectation" or "leaves"
	Output  string    `json:"output"` // role
	Weights string    `json:"weights,omitempty"`
	Labels  []string  `json:"labels,omitempty"`
	Sure    []float32 `json:"sure,omitempty"` // least probability at which each label is named
	Gain    float32   `json:"gain,omitempty"`
	// Smooth is the time constant, in frames, of the exponential mean over a face's
	// track; 0 leaves it to the app.
	Smooth int `json:"smooth,omitempty"`
}

// Input is the picture a network wants: RGB, NHWC, each value (x-Mean)/Std of
// 0..255. A uint8 tensor quantized with that scale takes the raw bytes.
type Input struct {
	Name   string  `json:"name"`
	Shape  []int   `json:"shape"` // 1, height, width, 3
	DType  string  `json:"dtype"` // "uint8" or "float32"
	Mean   float32 `json:"mean"`
	Std    float32 `json:"std"`
	Resize string  `json:"resize"` // "stretch" or "letterbox"
}

// Output is one output tensor and what it means to the task.
type Output struct {
	Role  string `json:"role"`
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	DType string `json:"dtype"`
}

// SSDAnchors are the numbers from which the prior boxes of an SSD follow: a
// square grid for each stride, anchor centres in the middle of its cells, and
// scales spread evenly from MinScale to MaxScale over the grids.
type SSDAnchors struct {
	Strides  []int     `json:"strides"` // pixels, one grid each
	MinScale float32   `json:"minScale"`
	MaxScale float32   `json:"maxScale"`
	Ratios   []float32 `json:"ratios"` // width over height
	// InterpolatedRatio adds one anchor a cell at the geometric mean of this
	// grid's scale and the next one's (1 after the last); 0 adds none.
	InterpolatedRatio float32 `json:"interpolatedRatio"`
	// ReduceLowest gives the first grid three anchors only: scale 0.1 at
	// ratio 1, then MinScale at ratios 2 and 0.5.
	ReduceLowest bool `json:"reduceLowest"`
	// BoxScale divides the encoded y, x, height and width.
	BoxScale [4]float32 `json:"boxScale"`
	// Background is the class that means "nothing"; -1 when there is none.
	Background int `json:"background"`
}

// Count is the number of anchors for a square picture of size pixels a side.
func (a *SSDAnchors) Count(size int) int {
	perCell := len(a.Ratios)
	if a.InterpolatedRatio > 0 {
		perCell++
	}
	n := 0
	for i, stride := range a.Strides {
		cells := (size + stride - 1) / stride
		if i == 0 && a.ReduceLowest {
			n += 3 * cells * cells
		} else {
			n += perCell * cells * cells
		}
	}
	return n
}

// Demo is one tile of the gallery: a task and the networks that can do it.
type Demo struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Summary string `json:"summary"`
	// Task says what is shown: "detect", "segment", "classify", or of faces
	// "attributes" and "recognize".
	Task   string   `json:"task"`
	Models []string `json:"models"` // IDs, preferred first
	// Heads are the second stage of a demo on faces: for each, IDs, preferred first.
	Heads [][]string `json:"heads,omitempty"`
	// Ensemble averages what networks of several Heads answer by the same name, as
	// of a tight and a wide crop; without it the first one's answer counts. A
	// network that is listed in every one of them answers alone where it is chosen.
	Ensemble bool `json:"ensemble,omitempty"`
	// Liveness is what tells living faces from pictures of them, where a
	// recognition demands that: IDs, preferred first.
	Liveness  []string `json:"liveness,omitempty"`
	Alarm     *Alarm   `json:"alarm,omitempty"`
	Filter    []string `json:"filter,omitempty"`    // labels kept; empty keeps all
	Threshold float32  `json:"threshold,omitempty"` // 0 leaves it to the model
	Builtin   string   `json:"builtin,omitempty"`   // name of the built-in footage
}

// Alarm is a finding that must not be missed.
type Alarm struct {
	Labels []string `json:"labels"`
	// Threshold is the least probability: of all Labels together in a
	// classification, of a cell in a segmentation of two classes.
	Threshold float32 `json:"threshold"`
	Area      float32 `json:"area,omitempty"` // of a segmentation: least part of the picture's cells, 0..1
	Frames    int     `json:"frames"`         // how many in a row raise it, and how many without it end it
}

// Stages lists the alternatives of each stage: IDs, preferred first. The outer
// slice is the caller's, the inner ones are the demo's.
func (d *Demo) Stages() [][]string { return append([][]string{d.Models}, d.Heads...) }

// Needs lists every model that the demo could use, first stage first.
func (d *Demo) Needs() []string { return slices.Concat(d.Stages()...) }

// Keeps reports whether the demo shows results of this label. Case is
// ignored, since label lists differ in it.
func (d *Demo) Keeps(label string) bool {
	if len(d.Filter) == 0 {
		return true
	}
	for _, f := range d.Filter {
		if strings.EqualFold(f, label) {
			return true
		}
	}
	return false
}

// Model finds a network by its ID, nil when there is none.
func (c *Catalogue) Model(id string) *Model {
	for i := range c.Models {
		if c.Models[i].ID == id {
			return &c.Models[i]
		}
	}
	return nil
}

// Demo finds a demo by its ID, nil when there is none.
func (c *Catalogue) Demo(id string) *Demo {
	for i := range c.Demos {
		if c.Demos[i].ID == id {
			return &c.Demos[i]
		}
	}
	return nil
}

// OwnPrefix begins the IDs of models and demos that a person added.
const OwnPrefix = "own-"

// Own reports whether a person added the model.
func (m *Model) Own() bool { return strings.HasPrefix(m.ID, OwnPrefix) }

// LabelList returns the model's label list as Labels does, wherever it is kept.
func (m *Model) LabelList() ([]string, error) {
	if m.Names != nil {
		return slices.Clone(m.Names), nil
	}
	return Labels(m.Labels)
}

// With returns a catalogue that holds the further entries after its own. An ID
// or a file that both have is an error; neither catalogue changes.
func (c *Catalogue) With(more *Catalogue) (*Catalogue, error) {
	all := &Catalogue{Models: slices.Concat(c.Models, more.Models), Demos: slices.Concat(c.Demos, more.Demos)}
	if err := all.check(); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return all, nil
}

// Output finds an output by its role, nil when there is none.
func (m *Model) Output(role string) *Output {
	for i := range m.Outputs {
		if m.Outputs[i].Role == role {
			return &m.Outputs[i]
		}
	}
	return nil
}
