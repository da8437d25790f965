// Package people keeps the people whom the app knows by their faces. In: shots
// that somebody deliberately took for enrolment. Out: lists of people, and
// galleries for the recognition. It stores nothing of its own accord, and what
// is deleted is gone from the file.
//
// The store is one file, encrypted with a key of this device by age. It is
// never written to: a change makes another file that takes its place, so that
// neither a power cut nor a worn card leaves half of one.
//
// It imports inference/recognize; app may import it.
package people

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"image/jpeg"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"reterminal-vision/inference/recognize"
)

// Bounds of what is stored and imported.
const (
	MaxPeople    = 500
	MaxShots     = 10 // of one person
	MaxName      = 40 // characters
	maxID        = 64 // bytes, of people and models
	maxThumbnail = 8 << 10
	maxSide      = 256 // pixels, of a thumbnail
	maxVector    = 2048
)

// Person is someone who was enrolled.
type Person struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Consent time.Time `json:"consent,omitzero"` // when the person last agreed to be enrolled; zero where that was not written down yet
	Shots   []Shot    `json:"shots"`
}

// Shot is one view of a person's face. The embedding means something to the
// model that made it alone.
type Shot struct {
	Model     string    `json:"model"`
	Embedding []float32 `json:"embedding"` // unit vector
	Added     time.Time `json:"added"`
	Thumbnail []byte    `json:"thumbnail,omitempty"` // JPEG
}

// NewShot makes a shot of what the recognition captured.
func NewShot(captured recognize.Shot, added time.Time) (Shot, error) {
	s := Shot{Model: captured.Model, Embedding: captured.Embedding, Added: moment(added)}
	if captured.Portrait != nil {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, captured.Portrait, &jpeg.Options{Quality: 80}); err != nil {
			return Shot{}, fmt.Errorf("people: thumbnail: %w", err)
		}
		s.Thumbnail = b.Bytes()
	}
	return s, s.check()
}

// Has reports whether the model can recognise the person.
func (p *Person) Has(model string) bool {
	return slices.ContainsFunc(p.Shots, func(s Shot) bool { return s.Model == model })
}

// over tells whether the person was enrolled more than so many days ago; with 0
// days nobody's time is over.
func (p *Person) over(days int, now time.Time) bool {
	return days > 0 && now.Sub(p.Created) > time.Duration(days)*24*time.Hour
}

// moment is a time as the store keeps it.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func newID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// clone is a copy that shares no memory.
func (p *Person) clone() Person {
	c := *p
	c.Shots = make([]Shot, len(p.Shots))
	for i, s := range p.Shots {
		s.Embedding, s.Thumbnail = slices.Clone(s.Embedding), slices.Clone(s.Thumbnail)
		c.Shots[i] = s
	}
	return c
}

// CleanName is a name as it is stored, or the error that tells what is wrong
// with it.
func CleanName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	switch n := utf8.RuneCountInString(name); {
	case name == "":
		return "", errors.New("people: a person needs a name")
	case n > MaxName:
		return "", fmt.Errorf("people: a name of %d characters, at most %d fit", n, MaxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", fmt.Errorf("people: the name %q has characters that cannot be shown", name)
	case strings.EqualFold(name, recognize.Unknown):
		return "", fmt.Errorf("people: nobody can be called %q, which stands for strangers", name)
	}
	return name, nil
}

// check reports what is wrong with a person that was read from outside.
func (p *Person) check() error {
	if p.ID == "" || len(p.ID) > maxID {
		return fmt.Errorf("people: an ID of %d bytes, expected 1 to %d", len(p.ID), maxID)
	}
	if clean, err := CleanName(p.Name); err != nil {
		return err
	} else if clean != p.Name {
		return fmt.Errorf("people: the name %q has spaces to spare", p.Name)
	}
	if len(p.Shots) == 0 || len(p.Shots) > MaxShots {
		return fmt.Errorf("people: %s has %d shots, expected 1 to %d", p.Name, len(p.Shots), MaxShots)
	}
	for i := range p.Shots {
		if err := p.Shots[i].check(); err != nil {
			return fmt.Errorf("%s, shot %d: %w", p.Name, i+1, err)
		}
	}
	return nil
}

func (s *Shot) check() error {
	if s.Model == "" || len(s.Model) > maxID {
		return fmt.Errorf("people: a model ID of %d bytes, expected 1 to %d", len(s.Model), maxID)
	}
	if n := len(s.Embedding); n < 2 || n > maxVector {
		return fmt.Errorf("people: an embedding of %d numbers, expected 2 to %d", n, maxVector)
	}
	sum := 0.
	for _, v := range s.Embedding {
		sum += float64(v) * float64(v)
	}
	// A comparison with NaN is false.
	if !(math.Abs(sum-1) < .01) {
		return fmt.Errorf("people: an embedding of length %g, expected 1", math.Sqrt(sum))
	}
	if len(s.Thumbnail) == 0 {
		return nil
	}
	if len(s.Thumbnail) > maxThumbnail {
		return fmt.Errorf("people: a thumbnail of %d bytes, at most %d fit", len(s.Thumbnail), maxThumbnail)
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(s.Thumbnail))
	if err != nil {
		return fmt.Errorf("people: thumbnail: %w", err)
	}
	if size.Width > maxSide || size.Height > maxSide {
		return fmt.Errorf("people: a thumbnail of %dx%d pixels, at most %d a side fit", size.Width, size.Height, maxSide)
	}
	return nil
}

func errTooMany(n int) error {
	return fmt.Errorf("people: %d people, at most %d fit: delete some first", n, MaxPeople)
}

// checkAll reports what is wrong with people that are to be stored together.
func checkAll(people []Person) error {
	if len(people) > MaxPeople {
		return errTooMany(len(people))
	}
	ids, lengths := map[string]bool{}, map[string]int{}
	for i := range people {
		p := &people[i]
		if err := p.check(); err != nil {
			return err
		}
		if ids[p.ID] {
			return fmt.Errorf("people: two people have the ID %s", p.ID)
		}
		ids[p.ID] = true
		for _, s := range p.Shots {
			if n, ok := lengths[s.Model]; ok && n != len(s.Embedding) {
				return fmt.Errorf("people: %s has an embedding of %d numbers by model %s, others have %d", p.Name, len(s.Embedding), s.Model, n)
			}
			lengths[s.Model] = len(s.Embedding)
		}
	}
	return nil
}
