package ui

import (
	"slices"

	"reterminal-vision/ui/phrases"
)

// PeopleScreens are the screens about people, beyond the live view. Their methods
// may be called from any goroutine.
type PeopleScreens struct {
	ui     *UI
	list   *peopleScreen
	person *personScreen
	name   *nameScreen

	id, of string // who is being enrolled: ID, "" for somebody new, and name
}

// build makes the screens anew, in the style in use.
func (s *PeopleScreens) build() {
	stack := &s.ui.stack
	s.list = newPeopleScreen(peopleActions{
		back: stack.Pop, add: s.addPerson,
		choose: func(p Person) { s.person.show(p); stack.Push(s.person) },
	})
	s.person = newPersonScreen(personActions{
		back: stack.Pop, rename: s.renamePerson,
		pictures: func(p Person) { s.id, s.of = p.ID, p.Name; s.enrol() },
		forget:   func(p Person) { stack.Pop(); s.ui.opt.People.Forget(p.ID) },
	})
	s.name = newNameScreen()
	s.id, s.of = "", ""
}

// Open shows who is enrolled.
func (s *PeopleScreens) Open() {
	s.ui.do(func() {
		if s.ui.stack.Has(s.list) {
			s.ui.stack.PopTo(s.list)
		} else {
			s.ui.stack.Push(s.list)
		}
		s.ui.opt.People.ShowPeople()
	})
}

// addPerson asks for a name and enrols its bearer.
func (s *PeopleScreens) addPerson() {
	s.name.ask(question{
		title: phrases.Now.NewPerson, ok: phrases.Now.Start, consent: phrases.Now.Consent,
		check: func(name string) string { return s.ui.opt.People.CheckName("", name) },
		done:  func(name string) { s.id, s.of = "", name; s.enrol() },
		back:  s.ui.stack.Pop,
	})
	s.ui.stack.Push(s.name)
}

func (s *PeopleScreens) renamePerson(p Person) {
	s.name.ask(question{
		title: phrases.Now.NewName, ok: phrases.Now.Save, name: p.Name,
		check: func(name string) string { return s.ui.opt.People.CheckName(p.ID, name) },
		done:  func(name string) { s.ui.stack.Pop(); s.ui.opt.People.Rename(p.ID, name) },
		back:  s.ui.stack.Pop,
	})
	s.ui.stack.Push(s.name)
}

// enrol begins, or begins anew, to take shots over the live view.
func (s *PeopleScreens) enrol() {
	s.ui.stack.PopTo(s.ui.live)
	s.ui.live.setEnrolling(true)
	s.ui.live.enrol.show(Enrolment{Name: s.of})
	s.ui.live.Panel.Relayout()
	s.ui.opt.People.Enrol(s.id, s.of)
}

// endEnrol goes back to the live view, which may greet the new face by name.
func (s *PeopleScreens) endEnrol() {
	s.ui.live.setEnrolling(false)
	s.ui.live.Panel.Relayout()
}

func (s *PeopleScreens) cancelEnrol() {
	s.ui.opt.People.StopEnrol()
	s.endEnrol()
}

// Show shows who is enrolled.
func (s *PeopleScreens) Show(p People) {
	s.ui.do(func() {
		s.list.show(p)
		if !s.ui.stack.Has(s.person) {
			return
		}
		id := s.person.about.ID
		if at := slices.IndexFunc(p.All, func(one Person) bool { return one.ID == id }); at >= 0 && p.Wrong == "" {
			s.person.show(p.All[at])
			return
		}
		s.ui.stack.PopTo(s.list)
	})
}

// Enrolment shows how an enrolment goes, where one was begun.
func (s *PeopleScreens) Enrolment(e Enrolment) {
	s.ui.do(func() {
		s.ui.touched() // whoever is before the camera is there
		if s.ui.live.enrol.Visible() {
			s.ui.live.enrol.show(e)
		}
	})
}
