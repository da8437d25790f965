package tflite_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reterminal-vision/inference/tflite"
	"reterminal-vision/inference/tflite/internal/schema"
	"reterminal-vision/inference/tflite/internal/testmodel"
)

// A builder writes a flatbuffer front to back: fields first, what they point
// at after them.
type builder struct{ data []byte }

func (b *builder) u16(v int) { b.data = binary.LittleEndian.AppendUint16(b.data, uint16(v)) }
func (b *builder) u32(v int) { b.data = binary.LittleEndian.AppendUint32(b.data, uint32(v)) }

func (b *builder) align(n int) {
	for len(b.data)%n != 0 {
		b.data = append(b.data, 0)
	}
}

// point makes the offset at byte at point to the end of the data.
func (b *builder) point(at int) {
	b.align(4)
	binary.LittleEndian.PutUint32(b.data[at:], uint32(len(b.data)-at))
}

// table writes a table of 4-byte fields in the given slots and returns their positions.
func (b *builder) table(slots ...int) []int {
	b.align(4)
	vtable := len(b.data)
	last := slices.Max(append([]int{-1}, slots...))
	b.u16(4 + 2*(last+1))
	b.u16(4 + 4*len(slots))
	for slot := range last + 1 {
		if i := slices.Index(slots, slot); i >= 0 {
			b.u16(4 + 4*i)
		} else {
			b.u16(0)
		}
	}
	b.align(4)
	table := len(b.data)
	b.u32(table - vtable)
	at := make([]int, len(slots))
	for i := range slots {
		at[i] = len(b.data)
		b.u32(0)
	}
	return at
}

// tableAt writes a table that the offset at byte at points to.
func (b *builder) tableAt(at int, slots ...int) []int {
	fields := b.table(slots...)
	table := len(b.data) - 4 - 4*len(slots)
	binary.LittleEndian.PutUint32(b.data[at:], uint32(table-at))
	return fields
}

func (b *builder) set(at, v int) { binary.LittleEndian.PutUint32(b.data[at:], uint32(v)) }

// vector writes n zero elements of 4 bytes and returns the first one's position.
func (b *builder) vector(at, n int) int {
	b.point(at)
	b.u32(n)
	first := len(b.data)
	b.data = append(b.data, make([]byte, 4*n)...)
	return first
}

func (b *builder) ints(at int, v ...int) {
	first := b.vector(at, len(v))
	for i, x := range v {
		b.set(first+4*i, x)
	}
}

func (b *builder) text(at int, s string) {
	b.point(at)
	b.u32(len(s))
	b.data = append(append(b.data, s...), 0)
}

// A plan says what tinyModel writes; the zero plan is a valid y = x + w.
type plan struct {
	shape       []int // of w, 4 floats unless given
	buffer      int   // of w
	opcode      int
	second      int // the operator's second input
	output      int
	noActivity  bool // leave the options out
	badBuffer   int  // added to the length of w's data
	badFileSize int  // bytes cut off
}

// tinyModel builds a model that adds a constant of 4 floats to its input.
func tinyModel(p plan) []byte {
	b := &builder{}
	b.u32(0)
	b.data = append(b.data, schema.Identifier...)
	m := b.tableAt(0, schema.ModelVersion, schema.ModelOperatorCodes, schema.ModelSubgraphs, schema.ModelDescription, schema.ModelBuffers)
	b.set(m[0], schema.Version)
	b.text(m[3], "tiny")
	code := b.tableAt(b.vector(m[1], 1), schema.OperatorCodeBuiltinCode)
	b.set(code[0], p.opcode)
	g := b.tableAt(b.vector(m[2], 1), schema.SubGraphTensors, schema.SubGraphInputs, schema.SubGraphOutputs, schema.SubGraphOperators, schema.SubGraphName)
	b.text(g[4], "main")
	b.ints(g[1], 0)
	b.ints(g[2], p.output)
	tensors := b.vector(g[0], 3)
	for i, name := range []string{"x", "w", "y"} {
		t := b.tableAt(tensors+4*i, schema.TensorShape, schema.TensorBuffer, schema.TensorName)
		shape := []int{4}
		if i == 1 {
			b.set(t[1], p.buffer)
			shape = p.shape
		}
		b.ints(t[0], shape...)
		b.text(t[2], name)
	}
	op := b.tableAt(b.vector(g[3], 1), schema.OperatorInputs, schema.OperatorOutputs, schema.OperatorBuiltinOptionsType, schema.OperatorBuiltinOptions)
	b.ints(op[0], 0, p.second)
	b.ints(op[1], 2)
	if !p.noActivity {
		b.set(op[2], 11) // AddOptions
		b.tableAt(op[3])
	} else {
		b.set(op[3], 4) // any offset: without a type it is not followed
	}
	buffers := b.vector(m[4], 2)
	b.tableAt(buffers)
	data := b.tableAt(buffers+4, schema.BufferData)
	first := b.vector(data[0], 4)
	b.set(first-4, 16+p.badBuffer)
	return b.data[:len(b.data)-p.badFileSize]
}

func goodPlan() plan { return plan{shape: []int{4}, buffer: 1, second: 1, output: 2} }

func TestVerifyRefuses(t *testing.T) {
	change := func(f func(*plan)) []byte {
		p := goodPlan()
		f(&p)
		return tinyModel(p)
	}
	poke := func(at int, v uint32) []byte {
		data := tinyModel(goodPlan())
		binary.LittleEndian.PutUint32(data[at:], v)
		return data
	}
	good := tinyModel(goodPlan())
	root := int(binary.LittleEndian.Uint32(good))
	for _, c := range []struct {
		name string
		data []byte
		kind error
		says string
	}{
		{"sound", good, nil, ""},
		{"empty", nil, tflite.ErrNotModel, "empty file"},
		{"four bytes", []byte("TFL3"), tflite.ErrNotModel, "only 4 bytes"},
		{"text", []byte("person\nbicycle\ncar\n"), tflite.ErrNotModel, `identifier "on\nb" instead of "TFL3"`},
		{"PNG", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), tflite.ErrNotModel, "identifier"},
		{"other identifier", poke(4, 0x344c4654), tflite.ErrNotModel, `"TFL4" instead of "TFL3"`},
		{"header alone", good[:8], tflite.ErrTruncated, "root table: lies at"},
		{"root beyond the end", poke(0, 1<<20), tflite.ErrTruncated, "lies at 1048576..1048580"},
		{"root offset zero", poke(0, 0), tflite.ErrCorrupt, "offset 0"},
		{"root negative", poke(0, 0xfffffff0), tflite.ErrCorrupt, "offset"},
		{"root misaligned", poke(0, uint32(root)+1), tflite.ErrCorrupt, "misaligned"},
		{"field list before the file", poke(root, 1<<20), tflite.ErrCorrupt, "field list"},
		{"field list after the file", poke(root, 0x80000000), tflite.ErrTruncated, "lies at"},
		{"field list misaligned", poke(root, 3), tflite.ErrCorrupt, "field list"},
		{"version", poke(root+4, 2), tflite.ErrCorrupt, "version 2 instead of 3"},
		{"data cut off", change(func(p *plan) { p.badFileSize = 8 }), tflite.ErrTruncated, `tensor 1 "w": buffer 1: lies at`},
		{"data longer than the file", change(func(p *plan) { p.badBuffer = 1 << 20 }), tflite.ErrTruncated, `tensor 1 "w": buffer 1`},
		{"data shorter than the shape", change(func(p *plan) { p.badBuffer = -4 }), tflite.ErrCorrupt, "12 bytes of data, but shape [4] of FLOAT32 needs 16"},
		{"shape beyond the data", change(func(p *plan) { p.shape = []int{5} }), tflite.ErrCorrupt, "needs 20"},
		{"negative dimension", change(func(p *plan) { p.shape = []int{-4} }), tflite.ErrCorrupt, "dimension 0 is -4"},
		{"overflowing shape", change(func(p *plan) { p.shape = []int{65536, 65536, 65536, 65536} }), tflite.ErrCorrupt, "too big"},
		{"too many dimensions", change(func(p *plan) { p.shape = make([]int, 9) }), tflite.ErrCorrupt, "9 dimensions"},
		{"buffer number", change(func(p *plan) { p.buffer = 2 }), tflite.ErrCorrupt, "buffer 2 of 2"},
		{"no buffer and no value", change(func(p *plan) { p.buffer = 0 }), tflite.ErrCorrupt, "reads tensor 1 before it is computed"},
		{"operator number", change(func(p *plan) { p.opcode = 999 }), tflite.ErrCorrupt, "unknown builtin operator 999"},
		{"custom operator without a name", change(func(p *plan) { p.opcode = 32 }), tflite.ErrCorrupt, "without a name"},
		{"options of another operator", change(func(p *plan) { p.opcode = 3 }), tflite.ErrCorrupt, "CONV_2D: has the options of another operator"},
		{"no options", change(func(p *plan) { p.noActivity = true }), tflite.ErrCorrupt, "has no options"},
		{"input number", change(func(p *plan) { p.second = 3 }), tflite.ErrCorrupt, "operator 0: ADD: inputs: tensor 3 of 3"},
		{"input left out", change(func(p *plan) { p.second = -1 }), tflite.ErrCorrupt, "input 1 is missing"},
		{"own result as input", change(func(p *plan) { p.second = 2 }), tflite.ErrCorrupt, "reads tensor 2"},
		{"output number", change(func(p *plan) { p.output = 7 }), tflite.ErrCorrupt, "outputs: tensor 7 of 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := tflite.Verify(c.data)
			if !errors.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q does not say %q", err, c.says)
			}
		})
	}
}

func TestEveryCutIsNoticed(t *testing.T) {
	good := tinyModel(goodPlan())
	for n := range good {
		if err := tflite.Verify(good[:n]); err == nil {
			t.Errorf("the first %d of %d bytes pass", n, len(good))
		}
	}
}

// TestCutModels cuts real models short. A cut may pass only if nothing that
// the tables refer to is gone, as with files packed behind the model.
func TestCutModels(t *testing.T) {
	for _, path := range testmodel.All(t) {
		data := testmodel.Read(t, path)
		end := lastUsed(data)
		for i := range 64 {
			n := len(data) * i / 64
			cut := data[:n:n]
			if err := tflite.Verify(cut); err == nil && n < end {
				t.Errorf("%s: passes with %d of %d bytes", filepath.Base(path), n, len(data))
			}
		}
		if err := tflite.Verify(data[: end-1 : end-1]); err == nil {
			t.Errorf("%s: passes without its last used byte", filepath.Base(path))
		}
	}
}

// lastUsed returns the end of the last byte the tables need, found by halving.
func lastUsed(data []byte) int {
	low, high := 0, len(data)
	for low < high {
		mid := (low + high) / 2
		if tflite.Verify(data[:mid:mid]) == nil {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

type recordedModel struct {
	Version     int
	Description string
	Metadata    []string
	Graphs      []recordedGraph
}

type recordedGraph struct {
	Name            string
	Inputs, Outputs []int
	Tensors         int
	TensorDigest    string `json:"tensor_digest"`
	FirstTensor     string `json:"first_tensor"`
	Operators       int
	OperatorDigest  string `json:"operator_digest"`
	FirstOperator   string `json:"first_operator"`
}

// TestParseAgreesWithPython compares with what testdata/record.py read.
func TestParseAgreesWithPython(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "models.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]recordedModel
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	for _, path := range testmodel.All(t) {
		name := filepath.Base(path)
		m, err := tflite.Parse(testmodel.Read(t, path))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := recordedModel{Version: m.Version, Description: m.Description, Metadata: append([]string{}, m.Metadata...)}
		for _, g := range m.Subgraphs {
			got.Graphs = append(got.Graphs, summary(g))
		}
		if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want[name]); g != w {
			t.Errorf("%s:\n got %s\nwant %s", name, g, w)
		}
	}
}

// summary writes a graph the way record.py does.
func summary(g tflite.Subgraph) recordedGraph {
	list := func(v []int) string { return strings.ReplaceAll(fmt.Sprint(v), " ", ", ") }
	var tensors, operators []string
	for _, t := range g.Tensors {
		sparse, zeros := 0, int64(0)
		if t.Sparse {
			sparse = 1
		}
		for _, z := range t.ZeroPoint {
			zeros += z
		}
		tensors = append(tensors, fmt.Sprintf("%s %s %s %v %d %d %d %d", t.Name, list(t.Shape), list(t.ShapeSignature),
			t.Type, t.Buffer, len(t.Scale), zeros, sparse))
	}
	for _, o := range g.Operators {
		operators = append(operators, fmt.Sprintf("%d %s %d %s %s", o.Code, o.Name, o.Version, list(o.Inputs), list(o.Outputs)))
	}
	digest := func(lines []string) string {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n"))))[:16]
	}
	return recordedGraph{
		Name: g.Name, Inputs: g.Inputs, Outputs: g.Outputs,
		Tensors: len(tensors), TensorDigest: digest(tensors), FirstTensor: tensors[0],
		Operators: len(operators), OperatorDigest: digest(operators), FirstOperator: operators[0],
	}
}

// FuzzVerify looks for bytes on which Verify panics, or that it passes and
// Parse cannot read.
func FuzzVerify(f *testing.F) {
	f.Add(tinyModel(goodPlan()))
	if data, err := os.ReadFile(testmodel.XOR(f)); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := tflite.Verify(data); err != nil {
			if !errors.Is(err, tflite.ErrNotModel) && !errors.Is(err, tflite.ErrTruncated) && !errors.Is(err, tflite.ErrCorrupt) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if _, err := tflite.Parse(data); err != nil {
			t.Errorf("Verify passes, Parse says %v", err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, name := range []string{"face_antispoofing_256", "ssd_mobilenet_v1_coco_quant", "blazeface_full_range_sparse"} {
		data := testmodel.Read(b, filepath.Join(testmodel.Shared(b), name+".tflite"))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := tflite.Verify(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
