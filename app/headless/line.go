package headless

import (
	"strconv"
	"time"
	"unicode/utf8"

	"reterminal-vision/inference"
)

// appendResult appends the result as a JSON object. Times are milliseconds,
// boxes x0 y0 x1 y1 and points x y in frame pixels, scores and shares 0..1.
// What there is none of is left out: reused and carried (see inference.Origin;
// carried stands for Propagated) of an inferred frame, classes, mask and alarm of
// the frame, track, landmarks and attributes of an object.
func appendResult(b []byte, r *inference.Result) []byte {
	b = append(b, `{"sequence":`...)
	b = strconv.AppendUint(b, r.Sequence, 10)
	b = append(b, `,"captured":"`...)
	b = r.Captured.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	b = appendMillis(b, "timestamp_ms", r.Timestamp)
	b = appendMillis(b, "preprocess_ms", r.Timing.Preprocess)
	b = appendMillis(b, "invoke_ms", r.Timing.Invoke)
	b = appendMillis(b, "decode_ms", r.Timing.Decode)
	b = appendMillis(b, "latency_ms", r.Timing.Latency)
	switch r.Origin {
	case inference.Reused:
		b = append(b, `,"reused":true`...)
	case inference.Propagated:
		b = append(b, `,"carried":true`...)
	}
	b = append(b, `,"dropped":`...)
	b = strconv.AppendUint(b, r.Dropped, 10)
	b = appendInt(b, "width", r.Width)
	b = appendInt(b, "height", r.Height)
	b = append(b, `,"objects":[`...)
	for i := range r.Objects {
		b = appendObject(appendComma(b, i), &r.Objects[i])
	}
	b = append(b, ']')
	b = appendClasses(b, r.Classes)
	b = appendMask(b, r.Mask)
	if r.Alarm != "" {
		b = append(b, `,"alarm":`...)
		b = appendString(b, r.Alarm)
	}
	return append(b, '}')
}

func appendObject(b []byte, o *inference.Object) []byte {
	b = append(b, `{"label":`...)
	b = appendString(b, o.Label)
	b = appendInt(b, "class", o.Class)
	b = append(b, `,"score":`...)
	b = appendFloat(b, o.Score, 4)
	b = append(b, `,"box":`...)
	b = appendBox(b, o.Box)
	if o.Track != 0 {
		b = appendInt(b, "track", o.Track)
	}
	if len(o.Keypoints) > 0 {
		b = append(b, `,"landmarks":[`...)
		for i, p := range o.Keypoints {
			b = append(appendComma(b, i), '[')
			b = append(appendFloat(b, p.X, 2), ',')
			b = appendFloat(b, p.Y, 2)
			if o.Skeleton.Least > 0 {
				b = appendFloat(append(b, ','), p.Score, 4)
			}
			b = append(b, ']')
		}
		b = append(b, ']')
	}
	if len(o.Attributes) > 0 {
		b = append(b, `,"attributes":[`...)
		for i := range o.Attributes {
			b = appendAttribute(appendComma(b, i), &o.Attributes[i])
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// appendAttribute leaves out a score that the model does not give.
func appendAttribute(b []byte, a *inference.Attribute) []byte {
	b = append(b, `{"name":`...)
	b = appendString(b, a.Name)
	b = append(b, `,"value":`...)
	b = appendString(b, a.Value)
	if a.Score > 0 {
		b = append(b, `,"score":`...)
		b = appendFloat(b, a.Score, 4)
	}
	return append(b, '}')
}

func appendClasses(b []byte, classes []inference.Class) []byte {
	if len(classes) == 0 {
		return b
	}
	b = append(b, `,"classes":[`...)
	for i := range classes {
		b = append(appendComma(b, i), `{"label":`...)
		b = appendString(b, classes[i].Label)
		b = appendInt(b, "class", classes[i].Index)
		b = append(b, `,"score":`...)
		b = append(appendFloat(b, classes[i].Score, 4), '}')
	}
	return append(b, ']')
}

// appendMask tells the share of each class that is there, not the cells.
func appendMask(b []byte, m *inference.Mask) []byte {
	if m == nil || m.Width == 0 {
		return b
	}
	b = append(b, `,"mask":{"width":`...)
	b = strconv.AppendInt(b, int64(m.Width), 10)
	b = appendInt(b, "height", m.Height)
	b = append(b, `,"area":`...)
	b = appendBox(b, m.Area)
	b = append(b, `,"shares":[`...)
	told := 0
	for class, share := range m.Share {
		if share <= 0 {
			continue
		}
		b = append(appendComma(b, told), `{"label":`...)
		label := ""
		if class < len(m.Labels) {
			label = m.Labels[class]
		}
		b = appendString(b, label)
		b = appendInt(b, "class", class)
		b = append(b, `,"share":`...)
		b = append(appendFloat(b, share, 5), '}')
		told++
	}
	return append(b, "]}"...)
}

// appendComma separates the element i of a list from the one before.
func appendComma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

func appendBox(b []byte, box inference.Box) []byte {
	b = append(b, '[')
	for i, v := range [4]float32{box.X0, box.Y0, box.X1, box.Y1} {
		b = appendFloat(appendComma(b, i), v, 2)
	}
	return append(b, ']')
}

func appendInt(b []byte, name string, v int) []byte {
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return strconv.AppendInt(b, int64(v), 10)
}

func appendMillis(b []byte, name string, d time.Duration) []byte {
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return strconv.AppendFloat(b, float64(d)/1e6, 'f', 3, 64)
}

// appendFloat writes a number that JSON can hold; decoders never let NaN or
// infinity through.
func appendFloat(b []byte, v float32, digits int) []byte {
	return strconv.AppendFloat(b, float64(v), 'f', digits, 32)
}

// appendString writes a JSON string. (Go's quoting has escapes that JSON has
// not, and people name themselves as they like.)
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, hex[r>>4], hex[r&15])
		default: // bytes that are no UTF-8 come as the replacement character
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
