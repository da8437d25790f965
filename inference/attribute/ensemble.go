package attribute

import (
	"errors"
	"fmt"
	"slices"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Ensemble has several heads look at a face, each in a crop of its own, as one:
// a question that several of them answer gets the mean of their numbers.
type Ensemble struct {
	heads       []member
	headOutputs []HeadOutput
	numbers     []float32 // of one head
}

// member is a head and where its numbers go.
type member struct {
	Head
	to    []int     // place in the ensemble's numbers
	share []float32 // part in the mean there
}

// NewEnsemble takes over the heads, unless it returns an error: questions of
// one name have the same labels.
func NewEnsemble(heads ...Head) (*Ensemble, error) {
	e := &Ensemble{}
	var at, answers []int // of each question: its first number, and how many heads answer it
	total := 0
	for _, h := range heads {
		m := member{Head: h}
		for _, q := range h.HeadOutputs() {
			i := slices.IndexFunc(e.headOutputs, func(known HeadOutput) bool { return known.Name == q.Name })
			if i < 0 {
				i = len(e.headOutputs)
				e.headOutputs, at, answers = append(e.headOutputs, q), append(at, total), append(answers, 0)
				total += q.Len()
			}
			if !slices.Equal(e.headOutputs[i].Labels, q.Labels) {
				return nil, fmt.Errorf("networks that answer %s name %v and %v", q.Name, e.headOutputs[i].Labels, q.Labels)
			}
			answers[i]++
			for n := range q.Len() {
				m.to = append(m.to, at[i]+n)
			}
		}
		e.heads = append(e.heads, m)
	}
	shares := make([]float32, total)
	for i, q := range e.headOutputs {
		for n := range q.Len() {
			shares[at[i]+n] = 1 / float32(answers[i])
		}
	}
	for i := range e.heads {
		m := &e.heads[i]
		for _, to := range m.to {
			m.share = append(m.share, shares[to])
		}
		e.numbers = append(e.numbers, make([]float32, max(0, len(m.to)-len(e.numbers)))...)
	}
	return e, nil
}

// HeadOutputs are those of all heads, each once.
func (e *Ensemble) HeadOutputs() []HeadOutput { return e.headOutputs }

// Infer has every head look at the face and writes the means of what they say.
func (e *Ensemble) Infer(f *frame.Frame, box inference.Box, dst []float32, t *inference.Timing) error {
	clear(dst)
	for i := range e.heads {
		m := &e.heads[i]
		numbers := e.numbers[:len(m.to)]
		if err := m.Infer(f, box, numbers, t); err != nil {
			return err
		}
		for n, v := range numbers {
			dst[m.to[n]] += m.share[n] * v
		}
	}
	return nil
}

// Close frees the networks of all heads.
func (e *Ensemble) Close() error {
	var errs []error
	for i := range e.heads {
		errs = append(errs, e.heads[i].Close())
	}
	return errors.Join(errs...)
}
