package ui

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
)

// screen fills the window. All its methods run on the UI goroutine.
type screen interface {
	fyne.CanvasObject
	// back is the person's wish to leave this screen.
	back()
	// tick comes before each paint while the screen is on top.
	tick(now time.Time)
}

// stack is the way the person came; the screen on top is shown.
type stack struct {
	root    *root
	screens []screen
}

func (s *stack) top() screen { return s.screens[len(s.screens)-1] }

// push shows a screen over the one on top.
func (s *stack) push(sc screen) {
	s.screens = append(s.screens, sc)
	s.root.setScreen(sc)
}

// pop goes back to the screen beneath.
func (s *stack) pop() {
	s.screens = s.screens[:len(s.screens)-1]
	s.root.setScreen(s.top())
}

// has tells whether a screen is shown or beneath the one shown.
func (s *stack) has(sc screen) bool { return slices.Contains(s.screens, sc) }

// popTo goes back to a screen that the stack has.
func (s *stack) popTo(sc screen) {
	for s.top() != sc {
		s.pop()
	}
}

// reset shows one screen with nothing beneath.
func (s *stack) reset(sc screen) {
	s.screens = append(s.screens[:0], sc)
	s.root.setScreen(sc)
}
