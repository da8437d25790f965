// Package tasktest takes frames through tasks in tests, without a worker.
//
// In: a task, a frame, and what the worker keeps for both. Out: the result. It
// imports inference and camera; only tests may import it.
package tasktest

import (
	"testing"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Process takes a frame through a task as the worker does.
func Process(t testing.TB, task inference.Task, f *frame.Frame, in *inference.Input, out *inference.Result) {
	t.Helper()
	out.Reset()
	out.Width, out.Height = f.Width, f.Height
	if err := task.Prepare(f, in); err != nil {
		t.Fatal(err)
	}
	if err := task.Run(f, in, out); err != nil {
		t.Fatal(err)
	}
}
