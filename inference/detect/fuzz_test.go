package detect

import (
	"testing"

	"reterminal-vision/inference"
	"reterminal-vision/inference/nonsense"
)

// FuzzDecoders has every detector decode tensors of any bits.
func FuzzDecoders(f *testing.F) {
	for kind := range uint8(8) {
		for _, raw := range nonsense.Seeds() {
			f.Add(kind, raw)
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, raw []byte) {
		const classes = 3
		d := *decoderFor(classes, .3)
		d.Pre = &inference.Preprocessor{Width: 32, Height: 32}
		tensor := func(shape ...int) *inference.Tensor { return nonsense.Tensor("t", inference.Float32, raw, shape...) }
		dtype := []inference.DType{inference.Float32, inference.UInt8, inference.Int8}[kind/8%3]
		src := func(n int) source {
			s, err := newSource(nonsense.Tensor("t", dtype, raw, 1, n))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		anchors := AnchorSpec{
			Strides: []int{8, 16}, MinScale: .2, MaxScale: .9, AspectRatios: []float32{1, 2}, InterpolatedRatio: 1,
			BoxScales: [4]float32{10, 10, 5, 5},
		}
		var decode func(inference.Mapping, *inference.Result) error
		switch kind % 8 {
		case 0, 1:
			s := &SSD{detector: d, boxes: tensor(1, 12, 4), classes: tensor(1, 12), scores: tensor(1, 12), count: tensor(1)}
			decode = s.decode
		case 2, 3:
			s := &AnchorSSD{detector: d, spec: anchors, iou: .5, anchors: anchors.Anchors(32, 32)}
			s.boxes, s.classes = tensor(1, len(s.anchors), 4), tensor(1, len(s.anchors), classes)
			decode = s.decode
		case 4, 5:
			y := &YOLOv8{detector: d, iou: .5, list: newBoxList(7, classes, kind%8 == 4)}
			y.source = src(y.list.elements())
			decode = y.decode
		default:
			y := &YOLO{detector: d, iou: .5, grids: []grid{newGrid(3, 2, classes, []YOLOKind{YOLOv2, YOLOv3}[kind%2], []AnchorSize{{.5, .2}, {.1, .9}})}}
			y.sources = []source{src(y.grids[0].elements())}
			decode = y.decode
		}
		out := &inference.Result{Width: 100, Height: 200}
		if err := decode(frame100, out); err != nil {
			t.Fatal(err)
		}
		if err := nonsense.Check(out); err != nil {
			t.Fatal(err)
		}
	})
}
