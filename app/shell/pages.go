package shell

import (
	"fmt"
	"log/slog"

	"reterminal-vision/app/faults"
	"reterminal-vision/app/queue"
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

// searcher is a page that looks anew for what there is when it is opened, and not
// at every tap.
type searcher interface{ search() }

// pages is a kit.PageHandler: what is tapped is done in the background, in its
// order, and the page shown anew with the outcome.
type pages struct {
	screen *ui.UI
	find   func(id string) page
	queue  *queue.Queue
}

func newPages(find func(id string) page) *pages { return &pages{find: find, queue: queue.New()} }

// wait returns when all that was tapped is done; nothing is felt from then on.
func (p *pages) wait() { p.queue.Close() }

// ShowPage implements kit.PageHandler.
func (p *pages) ShowPage(id string) {
	p.queue.Refresh(id, func() {
		p.work(id, func(shown page) error {
			if s, ok := shown.(searcher); ok {
				s.search()
			}
			return nil
		})
	})
}

// Choose implements kit.PageHandler.
func (p *pages) Choose(id, row string) {
	p.do(id, func(shown page) error { return shown.choose(row) })
}

// Step implements kit.PageHandler.
func (p *pages) Step(id, row string, up bool) {
	p.do(id, func(shown page) error { return shown.step(row, up) })
}

// do works on a page, and shows it then.
func (p *pages) do(id string, work func(page) error) {
	p.queue.Command(func() { p.work(id, work) })
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
		shown.Wrong = faults.Sentence(err)
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
