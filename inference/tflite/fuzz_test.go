package tflite_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"reterminal-vision/inference/tflite"
	"reterminal-vision/inference/tflite/internal/testmodel"
)

// childServe has a child load the models that come on its standard input.
const childServe = "RTV_MUTANT_SERVE"

// serveModels loads each model in the C library and answers with a byte.
func serveModels(in io.Reader, out io.Writer) {
	boundMemory()
	for {
		var size uint32
		if binary.Read(in, binary.LittleEndian, &size) != nil {
			return
		}
		model := make([]byte, size)
		if _, err := io.ReadFull(in, model); err != nil {
			return
		}
		answer := byte('l')
		if loads(model) {
			answer = 'o'
		}
		if _, err := out.Write([]byte{answer}); err != nil {
			return
		}
	}
}

// library is a child that loads models, started when it is first needed.
type library struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.ReadCloser
	log bytes.Buffer
}

func startLibrary(t testing.TB) *library {
	t.Helper()
	l := &library{cmd: exec.Command(os.Args[0])}
	l.cmd.Env = append(os.Environ(), childServe+"=1")
	l.cmd.Stderr = &l.log
	var err error
	if l.in, err = l.cmd.StdinPipe(); err == nil {
		l.out, err = l.cmd.StdoutPipe()
	}
	if err == nil {
		err = l.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// load has the child load a model; an error says how that brought it down.
func (l *library) load(model []byte) (loaded bool, err error) {
	hang := time.AfterFunc(20*time.Second, func() { l.cmd.Process.Kill() })
	defer hang.Stop()
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(model)))
	_, err = l.in.Write(append(head, model...))
	answer := make([]byte, 1)
	if err == nil {
		_, err = io.ReadFull(l.out, answer)
	}
	if err != nil {
		l.cmd.Wait()
		return false, fmt.Errorf("%w: %s", err, death(l.log.String()))
	}
	return answer[0] == 'o', nil
}

// FuzzLibrary looks for bytes that Verify passes and that bring the C library
// down when it loads them.
func FuzzLibrary(f *testing.F) {
	f.Add(tinyModel(goodPlan()))
	small, _ := filepath.Glob(filepath.Join("..", "*", "testdata", "head_*.tflite"))
	for _, path := range append(small, testmodel.XOR(f)) {
		if data, err := os.ReadFile(path); err == nil && len(data) < 8<<10 {
			f.Add(data)
		}
	}
	var lib *library
	f.Fuzz(func(t *testing.T, data []byte) {
		if tflite.Verify(data) != nil {
			return
		}
		if lib == nil {
			lib = startLibrary(t)
		}
		if _, err := lib.load(data); err != nil {
			lib = nil
			t.Fatal(err)
		}
	})
}
