package models

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
)

// Variants are the ways in which a network's weights are kept, the plainest
// first.
var Variants = []string{"fp32", "fp16", "dynamic", "int8", "sparse"}

// Accuracy is one figure of how right a network is.
type Accuracy struct {
	Figure string  `json:"figure"` // what is measured, and on what: networks with the same can be compared
	Value  float64 `json:"value"`
	// Less says that a smaller value is better, as of an error.
	Less bool   `json:"less,omitempty"`
	On   string `json:"on,omitempty"` // what there is to know of the pictures
	// Stated marks a figure that the network's makers state; all others are
	// measured by this project, through the app's own code.
	Stated bool `json:"stated,omitempty"`
}

func (a Accuracy) String() string { return fmt.Sprintf("%s %.4g", a.Figure, a.Value) }

// accuracies is written by the test of the networks' quality, but for what is
// stated: make quality.
//
//go:embed accuracy.json
var accuracies []byte

// addAccuracy reads lists of figures by the networks' IDs; one of a network
// that is not in the catalogue is an error.
func (c *Catalogue) addAccuracy(r io.Reader) error {
	var all map[string][]Accuracy
	if err := json.NewDecoder(r).Decode(&all); err != nil {
		return fmt.Errorf("accuracy: %w", err)
	}
	for id, figures := range all {
		m := c.Model(id)
		if m == nil {
			return fmt.Errorf("accuracy: no model %q", id)
		}
		m.Accuracy = figures
	}
	return nil
}
