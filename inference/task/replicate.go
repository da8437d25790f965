package task

import (
	"io"

	"reterminal-vision/inference"
)

// Made are the parts of a task that is being built.
type Made []io.Closer

// Add lists one more part.
func (m *Made) Add(c io.Closer) { *m = append(*m, c) }

// CloseOn closes the parts where building ends in an error; it is deferred.
func (m *Made) CloseOn(err *error) {
	if *err == nil {
		return
	}
	for _, c := range *m {
		c.Close()
	}
}

// Replicate makes one task of a request with one network: build is called for
// its interpreter and then for each of its replicas, and takes over the one it
// is called with, unless it returns an error.
func Replicate(r *Request, build func(*Loaded) (inference.Task, error)) (_ inference.Task, err error) {
	var made Made
	defer made.CloseOn(&err)
	var all []inference.Task
	for _, net := range append([]*inference.Interpreter{r.Networks[0].Net}, r.Replicas...) {
		one := r.Networks[0]
		one.Net = net
		t, err := build(&one)
		if err != nil {
			return nil, err
		}
		made.Add(t)
		all = append(all, t)
	}
	return inference.Replicate(all...), nil
}

// Close closes every interpreter of the request. A task that was built of it
// closes them itself.
func (r *Request) Close() {
	for _, n := range r.Networks {
		n.Net.Close()
	}
	for _, net := range r.Replicas {
		net.Close()
	}
	if r.Liveness != nil {
		r.Liveness.Net.Close()
	}
}
