package flatmodel

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mattn/go-tflite"
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
	m := newMutator(model)
	for seed := first; seed < first+count; seed++ {
		data := m.mutant(uint64(seed))
		if verified && Verify(data) != nil {
			fmt.Printf("%d r\n", seed)
			continue
		}
		fmt.Printf("%d ", seed)
		ok := loads(data)
		if verified {
			if simpler, _ := simplified(data, true); simpler != nil {
				loads(simpler)
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

// A mutator damages a model, mostly where it is not weights.
type mutator struct {
	model  []byte
	leaves []leaf   // stored values: scalars, vector elements, small constants
	plain  [][2]int // byte ranges that are not weights
}

type leaf struct{ at, size int }

func newMutator(model []byte) *mutator {
	m := &mutator{model: model}
	skip := make([]bool, len(model))
	root := rootOf(model)
	for i := range root.len(modelBuffers) {
		start, n := root.at(modelBuffers, i).list(bufferData)
		for j := start; n > 256 && j < start+n; j++ {
			skip[j] = true
		}
		for j := 0; n <= 256 && j+4 <= n; j += 4 {
			m.leaves = append(m.leaves, leaf{start + j, 4})
		}
	}
	for i := 0; i < len(skip); i++ {
		from := i
		for i < len(skip) && !skip[i] {
			i++
		}
		if i > from {
			m.plain = append(m.plain, [2]int{from, i})
		}
	}
	m.collect(tableModel, root)
	return m
}

// collect lists the leaves of a table and those below it.
func (m *mutator) collect(id tableID, r record) {
	for _, d := range tables[id].fields {
		at := r.field(d.slot)
		if at == 0 || id == tableBuffer {
			continue
		}
		switch d.kind {
		case scalar:
			m.leaves = append(m.leaves, leaf{at, d.arg})
		case scalarVector:
			start, n := r.list(d.slot)
			m.leaves = append(m.leaves, leaf{start - 4, 4})
			for i := range min(n, 64) {
				m.leaves = append(m.leaves, leaf{start + i*d.arg, d.arg})
			}
		case child:
			m.collect(tableID(d.arg), r.child(d.slot))
		case tableVector:
			for i := range r.len(d.slot) {
				m.collect(tableID(d.arg), r.at(d.slot, i))
			}
		case union:
			if t := unions[d.arg][r.u8(d.slot-1)]; t != noTable {
				m.collect(t, r.child(d.slot))
			}
		}
	}
}

var extremes = []uint64{0, 1, 2, 3, 4, 5, 7, 8, 16, 127, 128, 255, 256, 1000, 0x7fff, 0x8000, 0xffff,
	0x10000, 0xffffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 1 << 32, 1 << 62, 1<<64 - 1, 0x7f800000, 0x7fc00000}

// mutant returns the damaged copy that the seed stands for.
func (m *mutator) mutant(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 20))
	data := append([]byte(nil), m.model...)
	for range 1 + rng.IntN(3) {
		if rng.IntN(3) > 0 {
			l := m.leaves[rng.IntN(len(m.leaves))]
			overwrite(data[l.at:l.at+l.size], rng)
			continue
		}
		p := m.plain[rng.IntN(len(m.plain))]
		at := p[0] + rng.IntN(p[1]-p[0])
		switch rng.IntN(3) {
		case 0:
			data[at] ^= 1 << rng.IntN(8)
		case 1:
			data[at] = byte(rng.Uint32())
		default:
			at = min(at&^3, len(data)-4)
			overwrite(data[at:at+4], rng)
		}
	}
	return data
}

// overwrite puts an extreme, a random or a slightly changed value.
func overwrite(b []byte, rng *rand.Rand) {
	var old [8]byte
	copy(old[:], b)
	v := binary.LittleEndian.Uint64(old[:])
	switch rng.IntN(4) {
	case 0:
		v = rng.Uint64()
	case 1:
		v += uint64(rng.IntN(9)) - 4
	default:
		v = extremes[rng.IntN(len(extremes))]
	}
	binary.LittleEndian.PutUint64(old[:], v)
	copy(b, old[:])
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

// mutants is how many to try of each model: RTV_MUTANTS, or as many as given.
func mutants(t *testing.T, count int) int {
	if s := os.Getenv("RTV_MUTANTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		count = n
	}
	return count
}

// TestMutantsDoNotCrashTheLibrary proves the point of Verify: what passes can
// be handed to the C library. RTV_MUTANTS sets the mutants per model;
// RTV_MUTANTS_RAW=1 leaves Verify out, to see what it is good for.
func TestMutantsDoNotCrashTheLibrary(t *testing.T) {
	count := mutants(t, 150)
	verified := os.Getenv("RTV_MUTANTS_RAW") == ""
	for _, path := range smallModels(t) {
		sum := run(t, path, count, verified)
		t.Logf("%s: %d mutants, %d refused by Verify, %d by the library, %d loaded, %d crashes",
			path, sum.mutants, sum.refused, sum.libraryRefused, sum.loaded, len(sum.crashes))
		for _, c := range sum.crashes {
			t.Error(c)
		}
	}
}
