package ui

import (
	"slices"

	"reterminal-vision/ui/phrases"
)

// peopleScreens are the screens about people, beyond the live view.
type peopleScreens struct {
	list   *peopleScreen
	person *personScreen
	name   *nameScreen

	id, of string // who is being enrolled: ID, "" for somebody new, and name
}

func (u *UI) newPeopleScreens() peopleScreens {
	return peopleScreens{
		list: newPeopleScreen(peopleActions{
			back: u.stack.Pop, add: u.addPerson,
			choose: func(p Person) { u.people.person.show(p); u.stack.Push(u.people.person) },
		}),
		person: newPersonScreen(personActions{
			back: u.stack.Pop, rename: u.renamePerson,
			pictures: func(p Person) { u.people.id, u.people.of = p.ID, p.Name; u.enrol() },
			forget:   func(p Person) { u.stack.Pop(); u.opt.People.Forget(p.ID) },
		}),
		name: newNameScreen(),
	}
}

// OpenPeople shows who is enrolled.
func (u *UI) OpenPeople() {
	u.do(func() {
		if u.stack.Has(u.people.list) {
			u.stack.PopTo(u.people.list)
		} else {
			u.stack.Push(u.people.list)
		}
		u.opt.People.ShowPeople()
	})
}

// addPerson asks for a name and enrols its bearer.
func (u *UI) addPerson() {
	u.people.name.ask(question{
		title: phrases.Now.NewPerson, ok: phrases.Now.Start, consent: phrases.Now.Consent,
		check: func(name string) string { return u.opt.People.CheckName("", name) },
		done:  func(name string) { u.people.id, u.people.of = "", name; u.enrol() },
		back:  u.stack.Pop,
	})
	u.stack.Push(u.people.name)
}

func (u *UI) renamePerson(p Person) {
	u.people.name.ask(question{
		title: phrases.Now.NewName, ok: phrases.Now.Save, name: p.Name,
		check: func(name string) string { return u.opt.People.CheckName(p.ID, name) },
		done:  func(name string) { u.stack.Pop(); u.opt.People.Rename(p.ID, name) },
		back:  u.stack.Pop,
	})
	u.stack.Push(u.people.name)
}

// enrol begins, or begins anew, to take shots over the live view.
func (u *UI) enrol() {
	u.stack.PopTo(u.live)
	u.live.setEnrolling(true)
	u.live.enrol.show(Enrolment{Name: u.people.of})
	u.live.Panel.Relayout()
	u.opt.People.Enrol(u.people.id, u.people.of)
}

// endEnrol goes back to the live view, which may greet the new face by name.
func (u *UI) endEnrol() {
	u.live.setEnrolling(false)
	u.live.Panel.Relayout()
}

func (u *UI) cancelEnrol() {
	u.opt.People.StopEnrol()
	u.endEnrol()
}

// People shows who is enrolled.
func (u *UI) People(p People) {
	u.do(func() {
		u.people.list.show(p)
		if !u.stack.Has(u.people.person) {
			return
		}
		id := u.people.person.about.ID
		if at := slices.IndexFunc(p.All, func(one Person) bool { return one.ID == id }); at >= 0 && p.Wrong == "" {
			u.people.person.show(p.All[at])
			return
		}
		u.stack.PopTo(u.people.list)
	})
}

// Enrolment shows how an enrolment goes, where one was begun.
func (u *UI) Enrolment(e Enrolment) {
	u.do(func() {
		u.touched() // whoever is before the camera is there
		if u.live.enrol.Visible() {
			u.live.enrol.show(e)
		}
	})
}
