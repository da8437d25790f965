package inference

/*
#include <stdlib.h>
#include "delegate.h"
*/
import "C"

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"
)

// machines are the processors of this program's libraries.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// external is a delegate that a library brings. Its code runs in this process:
// whoever does not know it tries it in another one first.
type external struct {
	plugin C.inference_plugin
	d      *C.TfLiteDelegate
}

// newExternal loads the library, which stays loaded, and makes a delegate.
func newExternal(name Delegate) (*external, error) {
	file, options, err := name.split()
	if err != nil {
		return nil, err
	}
	x := &external{}
	if err := x.load(file); err != nil {
		return nil, fmt.Errorf("delegate %s: %w", file, err)
	}
	if err := x.create(options); err != nil {
		return nil, fmt.Errorf("delegate %s: %w", file, err)
	}
	return x, nil
}

func (x *external) load(file string) error {
	if err := checkLibrary(file); err != nil {
		return err
	}
	path := C.CString(file)
	defer C.free(unsafe.Pointer(path))
	const room = 1024
	text := (*C.char)(C.calloc(1, room))
	defer C.free(unsafe.Pointer(text))
	switch C.inference_plugin_load(path, &x.plugin, text, room) {
	case 0:
		return nil
	case 1:
		return errors.New("it lacks tflite_plugin_create_delegate and tflite_plugin_destroy_delegate: choose an external delegate for TensorFlow Lite")
	}
	why := strings.TrimPrefix(C.GoString(text), file+": ")
	return fmt.Errorf("it cannot be loaded: %s: install what it needs, in the version that it was made for", why)
}

// checkLibrary says clearly what the loader does not: that there is no file, or
// that it is for another processor.
func checkLibrary(file string) error {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.New("there is no such file: install it, or correct its path")
	case err != nil:
		return fmt.Errorf("%w: check that this user may read it", err)
	case !info.Mode().IsRegular():
		return errors.New("it is not a file: name the library itself, as in /usr/lib/libarmnnDelegate.so")
	}
	lib, err := elf.Open(file)
	if err != nil {
		return fmt.Errorf("it is not a shared library (%v): copy it again, or choose another", err)
	}
	defer lib.Close()
	if want := machines[runtime.GOARCH]; lib.Machine != want {
		return fmt.Errorf("it is made for %v and this machine is %v: install the build for %s", lib.Machine, want, runtime.GOARCH)
	}
	return nil
}

func (x *external) create(options []Option) error {
	n := max(len(options), 1)
	keys, values := C.calloc(C.size_t(n), C.sizeof_size_t), C.calloc(C.size_t(n), C.sizeof_size_t)
	defer C.free(keys)
	defer C.free(values)
	key, value := unsafe.Slice((**C.char)(keys), n), unsafe.Slice((**C.char)(values), n)
	for i, o := range options {
		key[i], value[i] = C.CString(o.Key), C.CString(o.Value)
		defer C.free(unsafe.Pointer(key[i]))
		defer C.free(unsafe.Pointer(value[i]))
	}
	said()
	x.d = C.inference_plugin_create(&x.plugin, &key[0], &value[0], C.size_t(len(options)))
	if x.d == nil {
		return fmt.Errorf("it makes no delegate%s: check its options and that its device is there", because(said()))
	}
	if !C.inference_delegate_sound(x.d) {
		x.d = nil // to destroy it would run what is no code
		return errors.New("what it makes is no delegate of TensorFlow Lite 2.17 (another ABI): install the build for that version")
	}
	return nil
}

// because puts a message that may be missing in brackets.
func because(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// said is what external delegates have reported since the last call, as one line.
func said() string {
	const room = 2048
	text := (*C.char)(C.calloc(1, room))
	defer C.free(unsafe.Pointer(text))
	C.inference_said(text, room)
	return strings.ReplaceAll(strings.TrimSpace(C.GoString(text)), "\n", "; ")
}

func (x *external) Ptr() unsafe.Pointer { return unsafe.Pointer(x.d) }
func (x *external) Delete()             { C.inference_plugin_destroy(&x.plugin, x.d) }
