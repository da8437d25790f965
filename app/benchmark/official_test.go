package benchmark

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"reterminal-vision/app/device"
	"reterminal-vision/inference/testmedia"
)

// TestAgainstOfficial compares what the benchmark measures with what the maker's
// own litert-benchmark tells, and with the interpreters of two LiteRT wheels, one
// of this library's generation (Python 3.13 has none, there it is 2.1.0) and the
// one that the tool is part of: all on XNNPACK and one thread, on random numbers,
// in turns. RTV_LITERT and RTV_LITERT_NEW are folders of programs with the
// wheels; 'make official' installs both.
func TestAgainstOfficial(t *testing.T) {
	same, newer := os.Getenv("RTV_LITERT"), os.Getenv("RTV_LITERT_NEW")
	if same == "" || newer == "" {
		t.Skip("RTV_LITERT or RTV_LITERT_NEW is not set")
	}
	const warmup, runs, turns = 10, 60, 15
	m := Machine{Device: device.New(), AsIs: true}
	for _, file := range []string{
		testmedia.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"),
		testmedia.Path(t, "models/deeplabv3_257_mv.tflite"),
		testmedia.Path(t, "models/mobilenet_v2_1.0_224_quant.tflite"),
		filepath.Join(testmedia.Project(), "models", "trained", "vehicle_yolov2_mobilenet_050_224_int8.tflite"),
	} {
		var ours, sames, newers, tools turnTimes
		for range turns {
			r, err := m.Measure(t.Context(), time.Now(), Subject{ID: filepath.Base(file), File: file}, "xnnpack", 1, Effort{Rounds: 1, Each: time.Second, Runs: runs, Most: Limit})
			if err != nil || r.Failed != "" {
				t.Fatal(err, r.Failed)
			}
			ours = append(ours, r.Invoke.Median)
			sames = append(sames, interpreterTime(t, same, file, warmup, runs))
			newers = append(newers, interpreterTime(t, newer, file, warmup, runs))
			tools = append(tools, toolTime(t, newer, file, warmup, runs))
		}
		t.Logf("%-42s ours %.2f ms; LiteRT of its generation %s; newer %s; litert-benchmark %s; of the newer to litert-benchmark %s", filepath.Base(file),
			quantile(ours, .5), ours.beside(sames), ours.beside(newers), ours.beside(tools), newers.beside(tools))
	}
}

// turnTimes are the medians of turns, in milliseconds.
type turnTimes []float64

// beside words the median of others, and how much longer or shorter these took:
// by the medians of all turns, and by the median of what each turn told.
func (times turnTimes) beside(others turnTimes) string {
	var ratios []float64
	for i := range times {
		ratios = append(ratios, times[i]/others[i])
	}
	whole := quantile(others, .5)
	return fmt.Sprintf("%.2f ms (%+.1f %%, by turns %+.1f %%)", whole, 100*(quantile(times, .5)/whole-1), 100*(quantile(ratios, .5)-1))
}

// toolTime is the median that the maker's tool tells.
func toolTime(t *testing.T, programs, model string, warmup, runs int) float64 {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.json")
	out, err := exec.Command(filepath.Join(programs, "litert-benchmark"), "--model", model, "--num_threads", "1",
		"--warmup_runs", strconv.Itoa(warmup), "--num_runs", strconv.Itoa(runs), "--result_json", report).CombinedOutput()
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
	return told.Latency.Median
}

// interpreterTime is the median of runs of a wheel's interpreter.
func interpreterTime(t *testing.T, programs, model string, warmup, runs int) float64 {
	t.Helper()
	out, err := exec.Command(filepath.Join(programs, "python"), "testdata/litert.py", model, strconv.Itoa(warmup), strconv.Itoa(runs)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []float64
	for _, line := range strings.Fields(string(out)) {
		ns, err := strconv.ParseFloat(line, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, ns/1e6)
	}
	return quantile(list, .5)
}
