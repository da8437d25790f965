package custom

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"reterminal-vision/inference/task"
	"reterminal-vision/inference/tflite"
)

const (
	// maxFile is the largest model taken; a larger one would not run here.
	maxFile = 512 << 20
	// maxWorking is the memory that one step of a network may take.
	maxWorking = 1 << 30
)

// Description is what a model file says of itself.
type Description struct {
	File       string        `json:"file"`   // path, as given
	Size       int64         `json:"size"`   // bytes
	SHA256     string        `json:"sha256"` // lower-case hex
	Text       string        `json:"description,omitempty"`
	Inputs     []task.Tensor `json:"inputs"`
	Outputs    []task.Tensor `json:"outputs"`
	Operators  []Operator    `json:"operators"` // in the order they first run
	Parameters int64         `json:"parameters"`
	MACs       int64         `json:"macs"`      // roughly, of convolutions and fully connected layers
	Working    int64         `json:"working"`   // least bytes that running it takes beside the weights
	Variant    string        `json:"variant"`   // as tflite names it
	Precision  string        `json:"precision"` // the same in words: "8 bit", "8-bit weights", "16-bit weights", "32-bit float" or "sparse"
	// Labels are those packed into the file, nil when there are none.
	Labels []string `json:"labels,omitempty"`
	// Fits are the tasks that the network can do, the likeliest first. When
	// there are none, Unfit says why.
	Fits  []Fit  `json:"fits"`
	Unfit string `json:"unfit,omitempty"`
}

// Operator is a kind of step, how often it comes, and the work in it.
type Operator struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	MACs  int64  `json:"macs"` // of all of them together
}

func (o Operator) String() string {
	s := fmt.Sprintf("%d %s", o.Count, o.Name)
	if o.MACs > 0 {
		s += fmt.Sprintf(" (%.1f million multiplications)", float64(o.MACs)/1e6)
	}
	return s
}

// Inspect reads the file, at most 512 MB, into memory and describes it. No
// library of the network's ever sees it. A file that fits no task is no error.
func Inspect(path string) (Description, error) {
	d, err := inspect(path)
	if err != nil {
		return Description{}, fmt.Errorf("model %s: %w", path, err)
	}
	return d, nil
}

func inspect(path string) (Description, error) {
	data, err := read(path)
	if err != nil {
		return Description{}, err
	}
	return inspectData(path, data)
}

func inspectData(path string, data []byte) (Description, error) {
	m, err := tflite.Parse(data)
	if err != nil {
		return Description{}, explain(err)
	}
	sum := sha256.Sum256(data)
	d := Description{File: path, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:]), Text: m.Description}
	g := &m.Subgraphs[0]
	d.describe(g)
	if d.Labels, err = packedLabels(bytes.NewReader(data), int64(len(data))); err != nil {
		return Description{}, err
	}
	d.fit(g)
	return d, nil
}

// read reads the file rather than mapping it: a stick that is pulled out then
// is an error, and not the end of the program.
func read(path string) ([]byte, error) {
	// Opening what is no file, such as a pipe, may take for ever.
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: choose a .tflite file that is there", plain(err))
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a file: choose a .tflite file")
	case info.Size() > maxFile:
		return nil, fmt.Errorf("has %d MB, more than the %d MB that run here: choose a smaller network", info.Size()>>20, maxFile>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: check that this user may read it", plain(err))
	}
	defer f.Close()
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%w: check that its disk is still plugged in", plain(err))
	}
	return data, nil
}

// plain takes the path out of an error that will name it anyway.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// explain adds the remedy to what is wrong with the file.
func explain(err error) error {
	switch {
	case errors.Is(err, tflite.ErrTruncated):
		return fmt.Errorf("%w: copy the file again, it is not whole", err)
	case errors.Is(err, tflite.ErrNotModel):
		return fmt.Errorf("%w: choose a .tflite file", err)
	}
	return fmt.Errorf("%w: copy the file again, or convert the network anew", err)
}

func (d *Description) describe(g *tflite.Subgraph) {
	for _, i := range g.Inputs {
		d.Inputs = append(d.Inputs, task.TensorOf(&g.Tensors[i]))
	}
	for _, i := range g.Outputs {
		d.Outputs = append(d.Outputs, task.TensorOf(&g.Tensors[i]))
	}
	at := map[string]int{}
	for _, op := range g.Operators {
		i, known := at[op.Name]
		if !known {
			i = len(d.Operators)
			at[op.Name] = i
			d.Operators = append(d.Operators, Operator{Name: op.Name})
		}
		d.Operators[i].Count++
		d.Operators[i].MACs += g.OperatorMACs(op)
	}
	d.Parameters, d.MACs, d.Working = g.Parameters(), g.MACs(), g.Working()
	d.Variant = g.Variant()
	d.Precision = precisions[d.Variant]
}

// precisions words the variants.
var precisions = map[string]string{
	tflite.INT8: "8 bit", tflite.DynamicRange: "8-bit weights", tflite.FP16: "16-bit weights",
	tflite.FP32: "32-bit float", tflite.Sparse: "sparse",
}
