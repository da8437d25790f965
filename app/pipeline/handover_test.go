package pipeline

import (
	"context"
	"testing"

	"reterminal-vision/app/config"
	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
)

// shut is a source that counts how often it was closed.
type shut struct {
	camera.Source
	kind   camera.Kind
	closed int
}

func (s *shut) Info() camera.Info { return camera.Info{Kind: s.kind} }
func (s *shut) Close() error      { s.closed++; return nil }
func (s *shut) Read(ctx context.Context) (*frame.Frame, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A camera goes from a session to the next one of the same camera, and is closed
// when there is none that wants it.
func TestHandover(t *testing.T) {
	here, there := config.Config{Source: "/dev/video0"}, config.Config{Source: "/dev/video1"}
	turned := here
	turned.Turn.Mirror, turned.Threads = true, 3
	for _, tc := range []struct {
		name   string
		expect bool
		kind   camera.Kind
		next   *config.Config // nil for a session that ends before it opens a source
		left   bool
		taken  bool
		closed int
	}{
		{"another network", true, camera.KindV4L2, &here, true, true, 0},
		{"turned meanwhile", true, camera.KindV4L2, &turned, true, true, 0},
		{"another camera", true, camera.KindV4L2, &there, true, false, 1},
		{"no session after it", true, camera.KindV4L2, nil, true, false, 1},
		{"the demo ends", false, camera.KindV4L2, &here, false, false, 0},
		{"a film", true, camera.KindVideo, &here, false, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h Handover
			source := &shut{kind: tc.kind}
			if tc.expect {
				h.Expect()
			}
			if left := h.leave(here, source); left != tc.left {
				t.Errorf("left %v, want %v", left, tc.left)
			}
			h.Settle() // of the session that left it
			taken := false
			if tc.next != nil {
				taken = h.take(*tc.next) != nil
			}
			h.Settle() // of the next one
			if taken != tc.taken || source.closed != tc.closed {
				t.Errorf("taken %v, closed %d times; want %v, %d", taken, source.closed, tc.taken, tc.closed)
			}
			if h.leave(here, source) {
				t.Error("a camera is left again without being expected")
			}
		})
	}
}
