package shell

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"reterminal-vision/app/faults"
	"reterminal-vision/app/paths"
	"reterminal-vision/app/people"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/roster"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference/recognize"
	"reterminal-vision/ui"
)

// introductions keeps the people on the screen and in the running recognition
// in step with the database. It is a ui.PeopleHandler: what it is asked for is
// done one job at a time. The database is open only while a job uses it, so
// that the people command can use it meanwhile.
type introductions struct {
	screen *ui.UI
	jobs   sync.WaitGroup
	turn   sync.Mutex // held by the job that uses the database

	mu   sync.Mutex
	task *recognize.Task    // that runs; nil for none
	live context.Context    // ends with it
	stop context.CancelFunc // ends the enrolment that runs
	all  []people.Person    // as last listed
}

// advice is what a person does for a shot, so that all differ.
func advice(shot int) string {
	return [ui.EnrolShots]string{
		lang.T("Look straight at the camera."), lang.T("Come a little closer."), lang.T("Turn your head a little to one side."),
		lang.T("Turn your head a little to the other side."), lang.T("Smile."),
	}[shot]
}

// posePause gives a person the time to follow an advice.
const posePause = 1200 * time.Millisecond

// recognising tells which task runs until ctx ends; nil for none.
func (n *introductions) recognising(ctx context.Context, task *recognize.Task) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.task, n.live = task, ctx
}

// wait returns when all jobs are done, which end with the window.
func (n *introductions) wait() { n.jobs.Wait() }

// ShowPeople lists who is enrolled.
func (n *introductions) ShowPeople() {
	n.change("listing people", func(*people.Store) error { return nil })
}

// Rename gives a person another name.
func (n *introductions) Rename(id, name string) {
	n.change("renaming", func(s *people.Store) error {
		_, err := s.Rename(id, name)
		return err
	})
}

// Forget deletes a person.
func (n *introductions) Forget(id string) {
	n.change("deleting", func(s *people.Store) error { return s.Delete(id) })
}

// CheckName tells what is wrong with a name for the person with the ID.
func (n *introductions) CheckName(id, name string) string {
	name, err := people.CleanName(name)
	if err != nil {
		return faults.Sentence(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.all {
		if p.ID != id && strings.EqualFold(p.Name, name) {
			return lang.T("Somebody has this name already. Add a letter or a number.")
		}
	}
	return ""
}

// change works on the database, and shows who is enrolled then.
func (n *introductions) change(what string, how func(*people.Store) error) {
	n.jobs.Go(func() {
		if err := n.with(how); err != nil {
			slog.Error("people were not changed", "while", what, "error", err)
			n.show(faults.Sentence(err))
		}
	})
}

// with opens the database for a job; when that is done, the screen and the
// recognition know who is enrolled.
func (n *introductions) with(how func(*people.Store) error) error {
	n.turn.Lock()
	defer n.turn.Unlock()
	path, err := paths.People()
	if err != nil {
		return err
	}
	store, err := roster.Open(path) // which deletes those whose time is over
	if err != nil {
		return err
	}
	defer store.Close()
	if err := how(store); err != nil {
		return err
	}
	n.mu.Lock()
	n.all = store.List()
	task := n.task
	n.mu.Unlock()
	n.show("")
	if task == nil {
		return nil
	}
	gallery, err := store.Gallery(task.Model())
	if err != nil {
		return err
	}
	return task.SetGallery(gallery)
}

// show has the screen list who is enrolled, and what went wrong.
func (n *introductions) show(wrong string) {
	n.mu.Lock()
	all, task := n.all, n.task
	n.mu.Unlock()
	list := ui.People{Wrong: wrong}
	for _, p := range all {
		one := ui.Person{ID: p.ID, Name: p.Name, Shots: len(p.Shots), Since: p.Created, Known: task == nil || p.Has(task.Model())}
		for _, s := range p.Shots {
			if img, err := jpeg.Decode(bytes.NewReader(s.Thumbnail)); err == nil {
				one.Portrait = img
				break
			}
		}
		list.All = append(list.All, one)
	}
	n.screen.People.Show(list)
}

// StopEnrol ends an enrolment; nothing is kept of it.
func (n *introductions) StopEnrol() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stop != nil {
		n.stop()
	}
}

// Enrol takes shots of the face before the camera, for a new person or in the
// place of those of a known one.
func (n *introductions) Enrol(id, name string) {
	n.StopEnrol()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.task == nil {
		n.screen.People.Enrolment(ui.Enrolment{Name: name, Failed: lang.T("The recognition does not run yet. Try again in a moment.")})
		return
	}
	ctx, stop := context.WithTimeout(n.live, roster.EnrolWithin)
	n.stop = stop
	e := enrolment{task: n.task, Enrolment: ui.Enrolment{Name: name}}
	n.jobs.Go(func() {
		defer stop()
		err := e.take(ctx, n.screen.People.Enrolment)
		if err == nil {
			err = n.with(func(s *people.Store) (err error) {
				if id == "" {
					_, err = s.Add(name, e.shots...)
				} else {
					_, err = s.ReplaceShots(id, e.shots...)
				}
				return err
			})
		}
		switch {
		case errors.Is(ctx.Err(), context.Canceled):
			return // by the person, or with the demo
		case errors.Is(err, context.DeadlineExceeded):
			e.Failed = lang.T("That took too long. Try again in better light, one person at a time.")
		case err != nil:
			slog.Error("enrolment failed", "error", err)
			e.Failed = faults.Sentence(err)
		default:
			slog.Info("person enrolled", "shots", len(e.shots))
			e.Done = true
		}
		n.screen.People.Enrolment(e.Enrolment)
	})
}

// enrolment takes the shots of one person.
type enrolment struct {
	ui.Enrolment
	task  *recognize.Task
	shots []people.Shot
}

// take returns when there are as many shots as wanted, or ctx ends.
func (e *enrolment) take(ctx context.Context, tell func(ui.Enrolment)) error {
	e.Advice, e.Good = advice(0), true
	tell(e.Enrolment)
	for len(e.shots) < ui.EnrolShots {
		captured, err := e.task.Capture(ctx)
		var fault recognize.Fault
		if errors.As(err, &fault) {
			if told := lang.Name(fault.Error()); e.Advice != told {
				e.Advice, e.Good = told, false
				tell(e.Enrolment)
			}
			if !pipeline.Sleep(ctx, roster.ShotPause) { // long enough to be read
				return ctx.Err()
			}
			continue
		}
		if err != nil {
			return err
		}
		shot, err := people.NewShot(captured, time.Now())
		if err != nil {
			return err
		}
		e.shots = append(e.shots, shot)
		e.Portraits = append(slices.Clip(e.Portraits), captured.Portrait) // the screen may still paint the others
		if len(e.shots) == ui.EnrolShots {
			break
		}
		e.Advice, e.Good = advice(len(e.shots)), true
		tell(e.Enrolment)
		if !pipeline.Sleep(ctx, posePause) {
			return ctx.Err()
		}
	}
	return nil
}

// deleteOver deletes the people whose time is over, which opening the list does
// once the clock is believed; where a person wants it, at once. Days are those
// that people are kept for, 0 without end.
func (n *introductions) deleteOver(days int, wanted bool) {
	if days == 0 {
		return
	}
	roster.Clock.Save()
	n.change("deleting people whose time is over", func(s *people.Store) error {
		if !wanted {
			return nil
		}
		_, err := s.DeleteOver(days, time.Now())
		return err
	})
}

// enrolled is a pages.People.
type enrolled struct {
	people *introductions
	prefs  *preferences.Store
}

// DeleteOver implements pages.People.
func (e enrolled) DeleteOver() { e.people.deleteOver(e.prefs.Get().Keep, true) }

// CountOver implements pages.People.
func (e enrolled) CountOver(days int) (n int, err error) {
	path, err := paths.People()
	if err == nil {
		_, err = os.Stat(path)
	}
	if err == nil {
		err = e.people.with(func(s *people.Store) error {
			n = s.Over(days, time.Now())
			return nil
		})
	}
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	return n, err
}
