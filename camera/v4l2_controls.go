package camera

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/blackjack/webcam"
	"github.com/blackjack/webcam/ioctl"

	"reterminal-vision/camera/fault"
)

// Control is something about a camera that can be set while it runs.
type Control struct {
	Name     string // as the app calls it: "brightness", "exposure" ...
	Value    int32
	Min, Max int32
	Step     int32
	Default  int32
	Choices  []Choice // of a control that is a list
	Held     bool     // set by the camera itself at the moment: exposure while it is automatic
}

// Choice is one entry of a control that is a list.
type Choice struct {
	Value int32
	Name  string
}

type controlID struct {
	name string
	id   uint32
}

// controlIDs are the controls that are offered, by V4L2 number, in the order
// in which a person would look for them.
var controlIDs = []controlID{
	{"brightness", 0x980900}, {"contrast", 0x980901}, {"saturation", 0x980902}, {"sharpness", 0x98091B}, {"gain", 0x980913},
	{"backlight", 0x98091C}, {"auto-exposure", 0x9A0901}, {"exposure", 0x9A0902},
	{"auto-white-balance", 0x98090C}, {"white-balance", 0x98091A},
	{"auto-focus", 0x9A090C}, {"focus", 0x9A090A}, {"mains-frequency", 0x980918},
}

// Flags and types of struct v4l2_queryctrl that matter here.
const (
	controlDisabled, controlReadOnly, controlInactive = 0x01, 0x04, 0x10
	controlMenu                                       = 3
)

type v4l2Queryctrl struct {
	id, kind                    uint32
	name                        [32]byte
	minimum, maximum, step, def int32
	flags                       uint32
	_                           [2]uint32
}

// v4l2Querymenu is packed in C.
type v4l2Querymenu struct {
	id, index uint32
	name      [32]byte
	_         uint32
}

type v4l2Control struct {
	id    uint32
	value int32
}

var (
	vidiocQueryctrl = ioctl.IoRW('V', 36, unsafe.Sizeof(v4l2Queryctrl{}))
	vidiocQuerymenu = ioctl.IoRW('V', 37, unsafe.Sizeof(v4l2Querymenu{}))
)

// Controls lists what can be set on the camera at path, which may be in use.
func Controls(path string) ([]Control, error) {
	var list []Control
	err := withDevice(path, func(fd int) error {
		for _, c := range controlIDs {
			if q, ok := queryControl(fd, c.id); ok {
				list = append(list, readControl(fd, c.name, q))
			}
		}
		return nil
	})
	return list, err
}

func queryControl(fd int, id uint32) (v4l2Queryctrl, bool) {
	q := v4l2Queryctrl{id: id}
	err := deviceIoctl(fd, vidiocQueryctrl, unsafe.Pointer(&q))
	return q, err == nil && q.flags&(controlDisabled|controlReadOnly) == 0 && q.minimum < q.maximum
}

func readControl(fd int, name string, q v4l2Queryctrl) Control {
	c := Control{Name: name, Min: q.minimum, Max: q.maximum, Step: max(q.step, 1), Default: q.def, Held: q.flags&controlInactive != 0}
	v := v4l2Control{id: q.id}
	if deviceIoctl(fd, webcam.VIDIOC_G_CTRL, unsafe.Pointer(&v)) == nil {
		c.Value = v.value
	}
	if q.kind != controlMenu {
		return c
	}
	for i := q.minimum; i <= q.maximum; i++ {
		m := v4l2Querymenu{id: q.id, index: uint32(i)}
		if deviceIoctl(fd, vidiocQuerymenu, unsafe.Pointer(&m)) == nil { // menus may have gaps
			c.Choices = append(c.Choices, Choice{i, webcam.CToGoString(m.name[:])})
		}
	}
	return c
}

// SetControl sets one control of the camera at path, which may be in use. A
// value that the camera does not have is refused with those that it has.
func SetControl(path, name string, value int32) error {
	i := slices.IndexFunc(controlIDs, func(c controlID) bool { return c.name == name })
	return withDevice(path, func(fd int) error {
		if i < 0 {
			return fault.Errorf("camera %s: no control %q: choose of %s", path, name, strings.Join(controlNames(fd), ", "))
		}
		q, ok := queryControl(fd, controlIDs[i].id)
		if !ok {
			return fault.Errorf("camera %s has no control %q: choose of %s", path, name, strings.Join(controlNames(fd), ", "))
		}
		if value < q.minimum || value > q.maximum {
			return fault.Errorf("camera %s: %s=%d: choose %d to %d", path, name, value, q.minimum, q.maximum)
		}
		v := v4l2Control{id: q.id, value: value}
		if err := deviceIoctl(fd, webcam.VIDIOC_S_CTRL, unsafe.Pointer(&v)); err != nil {
			return fault.Errorf("camera %s: setting %s to %d: %w: it may be set by the camera itself at the moment", path, name, value, err)
		}
		return nil
	})
}

func controlNames(fd int) []string {
	var names []string
	for _, c := range controlIDs {
		if _, ok := queryControl(fd, c.id); ok {
			names = append(names, c.name)
		}
	}
	if len(names) == 0 {
		names = []string{"none"}
	}
	return names
}
