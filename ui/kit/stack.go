package kit

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
)

// screen fills the window. All its methods run on the UI goroutine.
type screen interface {
	fyne.CanvasObject
	// Back is the person's wish to leave this screen.
	Back()
	// Tick comes before each paint while the screen is on top.
	Tick(now time.Time)
}

// Stack is the way the person came; the screen on top is shown.
type Stack struct {
	root    *Root
	Screens []screen
}

// NewStack makes a stack that is shown in root.
func NewStack(root *Root) Stack { return Stack{root: root} }

// Top is the screen that is shown.
func (s *Stack) Top() screen { return s.Screens[len(s.Screens)-1] }

// Push shows a screen over the one on top.
func (s *Stack) Push(sc screen) {
	s.Screens = append(s.Screens, sc)
	s.root.SetScreen(sc)
}

// Pop goes back to the screen beneath.
func (s *Stack) Pop() {
	s.Screens = s.Screens[:len(s.Screens)-1]
	s.root.SetScreen(s.Top())
}

// Has tells whether a screen is shown or beneath the one shown.
func (s *Stack) Has(sc screen) bool { return slices.Contains(s.Screens, sc) }

// PopTo goes back to a screen that the stack has.
func (s *Stack) PopTo(sc screen) {
	for s.Top() != sc {
		s.Pop()
	}
}

// Reset shows one screen with nothing beneath.
func (s *Stack) Reset(sc screen) {
	s.Screens = append(s.Screens[:0], sc)
	s.root.SetScreen(sc)
}
