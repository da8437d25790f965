package inference_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
)

// TestAgainstLiteRT compares the time of a network with that of the LiteRT
// wheel's interpreter, and with what the maker's own litert-benchmark tells, all
// on XNNPACK and one thread, in turns: the median of each turn, of those, and of
// the turns' ratios. RTV_LITERT is a Python that has the wheel, and
// RTV_LITERT_BENCHMARK the tool, of a newer one; 'make official' installs both.
func TestAgainstLiteRT(t *testing.T) {
	python := os.Getenv("RTV_LITERT")
	if python == "" {
		t.Skip("RTV_LITERT is not set")
	}
	tool := os.Getenv("RTV_LITERT_BENCHMARK")
	const warmup, runs, turns = 10, 60, 15
	models := []string{
		testmedia.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"),
		testmedia.Path(t, "models/deeplabv3_257_mv.tflite"),
		testmedia.Path(t, "models/mobilenet_v2_1.0_224_quant.tflite"),
		filepath.Join(testmedia.Project(), "models", "trained", "vehicle_yolov2_mobilenet_050_224_int8.tflite"),
	}
	for _, model := range models {
		var ours, theirs, tools turnTimes
		for range turns {
			ours = append(ours, median(invokeTimes(t, model, warmup, runs)))
			theirs = append(theirs, median(theirTimes(t, python, model, warmup, runs)))
			if tool != "" {
				tools = append(tools, toolTime(t, tool, model, warmup, runs))
			}
		}
		t.Logf("%-45s ours %.2f ms; LiteRT %s; litert-benchmark %s", filepath.Base(model), median(slices.Clone(ours))/1e6, theirs.beside(ours), tools.beside(ours))
	}
}

// turnTimes are the medians of turns, in nanoseconds.
type turnTimes []float64

// beside words their median, and how much longer or shorter ours is than it: by
// the medians of all turns, and by the median of what each turn told.
func (theirs turnTimes) beside(ours turnTimes) string {
	if len(theirs) == 0 {
		return "not there"
	}
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / theirs[i]
	}
	whole := median(slices.Clone(theirs))
	return fmt.Sprintf("%.2f ms: %+.1f %%, by turns %+.1f %%", whole/1e6, 100*(median(slices.Clone(ours))/whole-1), 100*(median(ratios)-1))
}

// toolTime is the median that the maker's tool tells.
func toolTime(t *testing.T, tool, model string, warmup, runs int) float64 {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.json")
	out, err := exec.Command(tool, "--model", model, "--num_threads", "1", "--warmup_runs", strconv.Itoa(warmup),
		"--num_runs", strconv.Itoa(runs), "--result_json", report).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(report)
	var told struct {
		Latency struct {
			Median float64 `json:"median_ms"`
		} `json:"latency"`
	}
	if err == nil {
		err = json.Unmarshal(text, &told)
	}
	if err != nil || told.Latency.Median <= 0 {
		t.Fatalf("%v: %s", err, text)
	}
	return told.Latency.Median * 1e6
}

// invokeTimes are the times of runs of a network, in nanoseconds.
func invokeTimes(t *testing.T, model string, warmup, runs int) (list []float64) {
	net, err := inference.Open(model, inference.Options{Threads: 1, Delegate: inference.XNNPACK, AsIs: true})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	runtime.LockOSThread() // the kernel would take it from core to core
	defer runtime.UnlockOSThread()
	for run := range warmup + runs {
		begin := time.Now()
		if err := net.Invoke(); err != nil {
			t.Fatal(err)
		}
		if run >= warmup {
			list = append(list, float64(time.Since(begin)))
		}
	}
	return list
}

// theirTimes are the same of the wheel's interpreter.
func theirTimes(t *testing.T, python, model string, warmup, runs int) (list []float64) {
	out, err := exec.Command(python, "testdata/litert.py", model, strconv.Itoa(warmup), strconv.Itoa(runs)).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(out)) {
		ns, err := strconv.ParseFloat(line, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, ns)
	}
	return list
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
