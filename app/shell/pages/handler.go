package pages

import (
	"log/slog"

	"reterminal-vision/app/faults"
	"reterminal-vision/app/queue"
	"reterminal-vision/ui/kit"
)

// Page is one page of the screen: a comparable value, by which it is known. Its
// methods, with those below, are called one at a time and may take their time.
type Page interface {
	// Show is what is on the page now; the key is filled in.
	Show() kit.Page
}

// chooser is a page on which something can be tapped beside leads to other pages.
type chooser interface {
	Choose(a kit.Action) error
}

// stepper is a page with values that go up and down.
type stepper interface {
	Step(a kit.Action, up bool) error
}

// opener is a page that begins anew when it is opened, and not at every tap.
type opener interface{ opened() }

// Handler is a kit.PageHandler: what is tapped is done in the background, in its
// order, and the page shown anew with the outcome.
type Handler struct {
	Screen Screen
	Gate   func(then func()) // does it after the PIN, where there is one
	queue  *queue.Queue
}

// behindPIN is an action that leads to a page which visitors may not see.
type behindPIN struct{ to Page }

// Screen shows pages. Its methods return at once.
type Screen interface {
	Open(page any)
	Show(kit.Page)
}

// NewHandler makes a handler, whose goroutine runs until Wait.
func NewHandler() *Handler { return &Handler{queue: queue.New()} }

// Wait returns when all that was tapped is done; nothing is felt from then on.
func (h *Handler) Wait() { h.queue.Close() }

// ShowPage implements kit.PageHandler.
func (h *Handler) ShowPage(page any) {
	h.queue.Refresh(page, func() {
		h.work(page, func() error {
			if p, ok := page.(opener); ok {
				p.opened()
			}
			return nil
		})
	})
}

// Choose implements kit.PageHandler. A row whose action is a page leads there.
func (h *Handler) Choose(page any, a kit.Action) {
	switch a := a.(type) {
	case behindPIN:
		h.Gate(func() { h.Screen.Open(a.to) })
	case Page:
		h.Screen.Open(a)
	default:
		if p, ok := page.(chooser); ok {
			h.Do(page, func() error { return p.Choose(a) })
		}
	}
}

// Step implements kit.PageHandler.
func (h *Handler) Step(page any, a kit.Action, up bool) {
	if p, ok := page.(stepper); ok {
		h.Do(page, func() error { return p.Step(a, up) })
	}
}

// Do works on a page, and shows it then.
func (h *Handler) Do(page any, work func() error) {
	h.queue.Command(func() { h.work(page, work) })
}

func (h *Handler) work(page any, work func() error) {
	p, ok := page.(Page)
	if !ok {
		slog.Error("no such page", "page", page)
		return
	}
	err := work()
	shown := p.Show()
	shown.Key = page
	if err != nil {
		slog.Error("page", "page", shown.Title, "error", err)
		shown.Wrong = faults.Sentence(err)
	}
	h.Screen.Show(shown)
}

// direction is +1 for a step up and -1 for one down.
func direction(up bool) int {
	if up {
		return 1
	}
	return -1
}
