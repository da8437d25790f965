package benchmark

// Published is a speed that the page "Getting started with TensorFlow Lite" of
// Seeed's wiki states for a reTerminal (Compute Module 4, four Cortex-A72), of
// a network like one of the catalogue.
type Published struct {
	Family  string // that is alike; "" where there is none
	What    string
	Variant string
	FPS     float64
}

// PublishedFPS are the page's figures. It does not say the threads of each; its
// scripts use two and three. Networks that find vehicles are YOLO v2 or v3 on
// MobileNet v1, as ours of the same width and picture are.
var PublishedFPS = []Published{
	{"vehicle_yolov2_mobilenet_025_224", "YOLO, MobileNet v1 x0.25, 224", "int8", 66.7},
	{"vehicle_yolov2_mobilenet_050_224", "YOLO, MobileNet v1 x0.5, 224", "int8", 40},
	{"vehicle_yolov2_mobilenet_075_320", "YOLO, MobileNet v1 x0.75, 320", "int8", 14.9},
	{"vehicle_yolov2_mobilenet_100_320", "YOLO, MobileNet v1 x1, 320", "int8", 10.4},
	{"", "YOLO v2 x0.25, 1 class", "fp32", 62.5},
	{"", "YOLO v2 x0.25, 1 class, XNNPACK", "fp32", 83},
	{"", "YOLO v2 x0.25, 1 class, Arm NN", "fp32", 83},
	{"", "YOLO v2 x0.25, 1 class", "int8", 77},
	{"", "YOLO v3 x1, 20 classes", "fp32", 7},
	{"", "YOLO v3 x1, 20 classes, XNNPACK", "fp32", 7.2},
	{"", "YOLO v3 x1, 20 classes, Arm NN", "fp32", 7.2},
	{"", "YOLO v3 x1, 20 classes", "int8", 11.5},
}

// OtherPublished are those of the page's figures that are of no family here.
func OtherPublished() (others []Published) {
	for _, p := range PublishedFPS {
		if p.Family == "" {
			others = append(others, p)
		}
	}
	return others
}

// PublishedFor are the page's figures for a network alike, nil for none.
func PublishedFor(family, variant string) *Published {
	for i := range PublishedFPS {
		if p := &PublishedFPS[i]; p.Family == family && p.Variant == variant {
			return p
		}
	}
	return nil
}
