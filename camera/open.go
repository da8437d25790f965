package camera

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	v4l2Prefix    = "v4l2:"
	builtinPrefix = "builtin:"
	csiPrefix     = "csi:"
)

var videoExtensions = []string{
	".mp4", ".m4v", ".avi", ".mkv", ".mov", ".webm", ".mjpeg", ".mjpg", ".mpg", ".mpeg", ".ts", ".mts",
	".m2ts", ".flv", ".wmv", ".3gp", ".ogv", ".h264", ".264", ".h265", ".hevc",
}

// Open opens the source that spec names:
//
//	/dev/video0, v4l2:/dev/video0   a camera
//	csi:0                           a camera on the ribbon connector, by libcamera's number
//	builtin:NAME                    opt.Builtin[NAME]
//	a folder                        its pictures by name, see stillExtensions
//	a file                          one picture, or a video, by its extension
//
// ctx bounds the opening only; the source lives until Close, which the caller
// must call. Errors name the source and say what to do.
func Open(ctx context.Context, spec string, opt Options) (Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := opt.Turn.Check(); err != nil {
		return nil, err
	}
	src, err := openSpec(ctx, spec, opt)
	if err != nil {
		return nil, err
	}
	return newTurned(src, opt.Turn), nil
}

func openSpec(ctx context.Context, spec string, opt Options) (Source, error) {
	if name, ok := strings.CutPrefix(spec, builtinPrefix); ok {
		return openBuiltin(name, opt)
	}
	if number, ok := strings.CutPrefix(spec, csiPrefix); ok {
		return openCSI(number, opt, stallAfter)
	}
	if path, ok := strings.CutPrefix(spec, v4l2Prefix); ok {
		return openV4L2(path, opt)
	}
	if strings.HasPrefix(spec, "/dev/") {
		return openV4L2(spec, opt)
	}
	return openPath(ctx, spec, opt)
}

func openPath(ctx context.Context, path string, opt Options) (Source, error) {
	if path == "" {
		return nil, errors.New("no source named: give a camera such as /dev/video0, a video, a picture or a folder of pictures")
	}
	stat, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: no such file: check the name: %w", path, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("%s: %w: check that this user may read it", path, err)
	case stat.IsDir():
		return openStills(path, true, opt)
	case hasExtension(path, stillExtensions):
		return openStills(path, false, opt)
	case hasExtension(path, videoExtensions):
		return openVideo(ctx, path, opt)
	}
	return nil, fmt.Errorf("%s: %q is no known kind of picture or video: convert it to .jpg or .mp4", path, filepath.Ext(path))
}
