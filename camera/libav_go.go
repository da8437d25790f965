//go:build !cgo || purego

package camera

import (
	"context"
	"errors"

	"reterminal-vision/camera/frame"
)

// libavPass and pictures stand for FFmpeg's libraries where there is no cgo.
type (
	libavPass struct{}
	pictures  struct{}
)

func openLibav(string, *pictures) (*libavPass, videoInfo, error) {
	return nil, videoInfo{}, errors.ErrUnsupported
}

func (*libavPass) read(context.Context) (*frame.Frame, error) { return nil, errors.ErrUnsupported }
func (*libavPass) close()                                     {}
func (*pictures) close()                                      {}
