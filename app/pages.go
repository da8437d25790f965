package app

import (
	"fmt"
	"log/slog"
	"sync"

	"reterminal-vision/ui"
	"reterminal-vision/ui/kit"
)

// page is what one page of the screen shows and does. Its methods are called
// one at a time, and may take their time.
type page interface {
	// show is what is on the page now; the ID is filled in.
	show() kit.Page
	// choose is a tap on a row, step one on more or less.
	choose(id string) error
	step(id string, up bool) error
}

// pages is a ui.PageHandler: what is tapped is done in the background, in its
// order, and the page shown anew with the outcome.
type pages struct {
	screen *ui.UI
	find   func(id string) page

	mu     sync.Mutex
	closed bool // under mu
	jobs   chan func()
	ended  chan struct{}
}

// pageJobs is how many taps may wait; a finger that is quicker is not felt.
const pageJobs = 8

func newPages(find func(id string) page) *pages {
	p := &pages{find: find, jobs: make(chan func(), pageJobs), ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		for job := range p.jobs {
			job()
		}
	}()
	return p
}

// wait returns when all that was tapped is done; nothing is felt from then on.
func (p *pages) wait() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.jobs)
	}
	p.mu.Unlock()
	<-p.ended
}

// ShowPage implements ui.PageHandler.
func (p *pages) ShowPage(id string) { p.do(id, func(page) error { return nil }) }

// Choose implements ui.PageHandler.
func (p *pages) Choose(id, row string) {
	p.do(id, func(shown page) error { return shown.choose(row) })
}

// Step implements ui.PageHandler.
func (p *pages) Step(id, row string, up bool) {
	p.do(id, func(shown page) error { return shown.step(row, up) })
}

// do works on a page, and shows it then.
func (p *pages) do(id string, work func(page) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	select {
	case p.jobs <- func() { p.work(id, work) }:
	default:
	}
}

func (p *pages) work(id string, work func(page) error) {
	found := p.find(id)
	if found == nil {
		slog.Error("no such page", "page", id)
		return
	}
	err := work(found)
	shown := found.show()
	shown.ID = id
	if err != nil {
		slog.Error("page", "page", id, "error", err)
		shown.Wrong = sentence(err)
	}
	p.screen.Pages.Show(shown)
}

// dialog is a page made of what it shows and does.
type dialog struct {
	content func() kit.Page
	chosen  func(id string) error
	stepped func(id string, up bool) error
}

func (d dialog) show() kit.Page { return d.content() }

func (d dialog) choose(id string) error {
	if d.chosen == nil {
		return nil
	}
	return d.chosen(id)
}

func (d dialog) step(id string, up bool) error {
	if d.stepped == nil {
		return nil
	}
	return d.stepped(id, up)
}

// direction is +1 for a step up and -1 for one down.
func direction(up bool) int {
	if up {
		return 1
	}
	return -1
}

// megabytes is a size for a person.
func megabytes(bytes int64) string {
	switch {
	case bytes < 10e6:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	case bytes >= 10e9:
		return fmt.Sprintf("%d GB", bytes/1e9)
	}
	return fmt.Sprintf("%d MB", bytes/1e6)
}
