package tflite_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mattn/go-tflite"

	modelfile "reterminal-vision/inference/tflite"
	"reterminal-vision/inference/tflite/internal/testmodel"
	"reterminal-vision/inference/tflite/rewrite"
)

// A child process loads mutants in the C library, so that a crash ends the
// child and not the test. Its arguments are in these variables.
const (
	childModel  = "RTV_MUTANT_MODEL"
	childFirst  = "RTV_MUTANT_FIRST"
	childCount  = "RTV_MUTANT_COUNT"
	childVerify = "RTV_MUTANT_VERIFY"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childModel); path != "" {
		first, _ := strconv.Atoi(os.Getenv(childFirst))
		count, _ := strconv.Atoi(os.Getenv(childCount))
		loadMutants(path, first, count, os.Getenv(childVerify) != "0")
		os.Exit(0)
	}
	if os.Getenv(childServe) != "" {
		serveModels(os.Stdin, os.Stdout)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// loadMutants prints each mutant's seed before it goes to the library and the
// outcome after: r refused by Verify, l refused by the library, o loaded.
func loadMutants(path string, first, count int, verified bool) {
	boundMemory()
	model, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	m := testmodel.NewMutator(model)
	for seed := first; seed < first+count; seed++ {
		data := m.Mutant(uint64(seed))
		if verified && modelfile.Verify(data) != nil {
			fmt.Printf("%d r\n", seed)
			continue
		}
		fmt.Printf("%d ", seed)
		ok := loads(data)
		if verified {
			if s := rewrite.Simplify(data, true, 4096); s != nil {
				loads(append(s.Front, data...))
			}
		}
		if ok {
			fmt.Println("o")
		} else {
			fmt.Println("l")
		}
	}
}

// boundMemory has a mutant that asks for more than a small computer has fail,
// not swap.
func boundMemory() {
	limit := syscall.Rlimit{Cur: 6 << 30, Max: 6 << 30}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &limit); err != nil {
		panic(err)
	}
}

// loads builds an interpreter and allocates its tensors.
func loads(data []byte) bool {
	model := tflite.NewModel(data)
	if model == nil {
		return false
	}
	defer model.Delete()
	ip := tflite.NewInterpreter(model, nil)
	if ip == nil {
		return false
	}
	defer ip.Delete()
	return ip.AllocateTensors() == tflite.OK
}

// A tally counts what became of mutants.
type tally struct {
	mutants, refused, libraryRefused, loaded int
	crashes                                  []string
}

// run sends count mutants of a model through child processes.
func run(t *testing.T, path string, count int, verified bool) tally {
	t.Helper()
	var sum tally
	for seed := 0; seed < count; {
		last, signal := runChild(t, path, seed, count-seed, verified, &sum)
		if signal == "" {
			break
		}
		sum.crashes = append(sum.crashes, fmt.Sprintf("%s seed %d: %s", path, last, signal))
		seed = last + 1
	}
	sum.mutants = count
	return sum
}

// runChild runs one child until it has done all mutants or died; it returns
// the last seed begun and what killed the child.
func runChild(t *testing.T, path string, first, count int, verified bool, sum *tally) (last int, signal string) {
	t.Helper()
	flag := "1"
	if !verified {
		flag = "0"
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childModel+"="+path, childFirst+"="+strconv.Itoa(first),
		childCount+"="+strconv.Itoa(count), childVerify+"="+flag)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hang := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	last = first
	for lines := bufio.NewReader(out); ; hang.Reset(20 * time.Second) {
		line, err := lines.ReadString('\n')
		var outcome string
		if n, _ := fmt.Sscan(line, &last, &outcome); n == 2 {
			switch outcome {
			case "r":
				sum.refused++
			case "l":
				sum.libraryRefused++
			case "o":
				sum.loaded++
			}
		}
		if err != nil {
			break
		}
	}
	io.Copy(io.Discard, out)
	hang.Stop()
	if err := cmd.Wait(); err == nil {
		return last, ""
	}
	return last, death(stderr.String())
}

// death finds the signal in a dead Go process's last words.
func death(stderr string) string {
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "SIG") || strings.HasPrefix(line, "fatal error") || strings.HasPrefix(line, "signal arrived") ||
			strings.HasPrefix(line, "panic") {
			return strings.TrimSpace(line)
		}
	}
	return "killed: hung for 20 s"
}

// TestMutantsDoNotCrashTheLibrary proves the point of Verify: what passes can
// be handed to the C library. RTV_MUTANTS sets the mutants per model;
// RTV_MUTANTS_RAW=1 leaves Verify out, to see what it is good for.
func TestMutantsDoNotCrashTheLibrary(t *testing.T) {
	count := testmodel.Count(t, 150)
	verified := os.Getenv("RTV_MUTANTS_RAW") == ""
	for _, path := range testmodel.Small(t) {
		sum := run(t, path, count, verified)
		t.Logf("%s: %d mutants, %d refused by Verify, %d by the library, %d loaded, %d crashes",
			path, sum.mutants, sum.refused, sum.libraryRefused, sum.loaded, len(sum.crashes))
		for _, c := range sum.crashes {
			t.Error(c)
		}
	}
}
