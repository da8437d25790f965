package ui

import (
	"fmt"
	"math"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/camera"
	"reterminal-vision/inference/drawing"
	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/overlay"
	"reterminal-vision/ui/phrases"
)

// liveActions are what a person can do on the live screen.
type liveActions struct {
	back, quit, people                func()
	adjust, save, about               func()          // nil where there are no pages
	pages                             kit.PageHandler // of the sheet; nil for none
	wake                              func()
	retryEnrol, endEnrol, cancelEnrol func()
}

// liveScreen is a running demo: the picture first, with what was found drawn
// over it, then how fast it is and what is in view.
type liveScreen struct {
	kit.Panel
	do   liveActions
	card Card // of the demo

	header  *kit.Header
	people  *kit.Button
	adjust  *kit.Button // opens the sheet
	tools   [3]*kit.Button
	sheet   *kit.Sheet // nil for none
	attract *attract
	ground  *canvas.Rectangle // behind the picture
	picture *picture
	results results
	drawing drawing.Drawing // of the result shown
	overlay *overlay.Marks
	alarm   *overlay.Alarm
	waiting *kit.Waiting
	meters  *overlay.Meters
	notice  *kit.Notice
	seen    *overlay.Seen
	footer  *kit.Paragraph
	enrol   *enrolPanel
	trouble *trouble

	frozen             bool     // the picture is held
	pictureW, pictureH int      // of the frames
	on                 kit.Area // where the picture is
	seenAt             time.Time

	mu        sync.Mutex
	status    Status // under mu
	newStatus bool   // under mu
}

// seenEvery is how often the list of what is in view changes, so that it can
// be read.
const seenEvery = 250 * time.Millisecond

func newLive(do liveActions) *liveScreen {
	l := &liveScreen{
		do:      do,
		ground:  kit.Rect(kit.Colors.Picture),
		picture: newPicture(),
		overlay: overlay.NewMarks(),
		alarm:   overlay.NewAlarm(),
		results: newResults(),
		waiting: kit.NewWaiting(),
		meters:  overlay.NewMeters(),
		notice:  kit.NewNotice(),
		seen:    overlay.NewSeen(),
		enrol:   newEnrolPanel(do.retryEnrol, do.endEnrol, do.cancelEnrol),
		trouble: newTrouble(do.back, do.quit),
		footer:  kit.NewParagraph("", kit.SizeSmall-2, kit.Colors.Muted, false, 2),
		attract: newAttract(do.wake),
	}
	l.people = kit.NewButton("people", "", false, do.people)
	l.adjust = kit.NewButton("adjust", "", false, l.openSheet)
	l.header = kit.NewHeader(l.Back, l.people, l.adjust)
	l.tools = [3]*kit.Button{
		kit.NewButton("freeze", phrases.Now.Freeze, false, l.toggleFreeze),
		kit.NewButton("save", phrases.Now.SaveIt, false, do.save),
		kit.NewButton("info", phrases.Now.Why, false, do.about),
	}
	objects := []fyne.CanvasObject{l.ground, l.picture.raster, l.overlay.Box, l.alarm, l.waiting, l.meters, l.notice,
		l.seen, l.footer.Box}
	for _, b := range l.tools {
		objects = append(objects, b)
	}
	objects = append(append(objects, l.enrol, l.trouble), l.header.Objects()...)
	if do.pages != nil {
		l.sheet = kit.NewSheet(do.pages, l.closeSheet)
		objects = append(objects, l.sheet)
	}
	l.Panel.SetObjects(append(objects, l.attract)...)
	l.Panel.Init(l, l.place)
	return l
}

// start waits for the first frame of a demo.
func (l *liveScreen) start(c Card) {
	l.card, l.header.Title.Text, l.pictureW, l.pictureH = c, c.Title, 4, 3
	l.trouble.Hide()
	l.attract.Hide()
	l.closeSheet()
	l.freeze(false)
	l.meters.Clear()
	l.setEnrolling(false)
	l.picture.restart(true)
	l.forget()
	l.seen.Clear()
	l.mu.Lock()
	l.newStatus = false
	l.mu.Unlock()
	l.showStatus(Status{Model: c.Model})
	l.wait(c.Title)
}

// wait shows that a first frame is awaited.
func (l *liveScreen) wait(title string) {
	l.waiting.Say(phrases.Now.Starting + " " + title + kit.Ellipsis)
	l.picture.raster.Hide()
	l.waiting.Show()
	l.Panel.Relayout()
}

// forget takes away what was drawn over the picture.
func (l *liveScreen) forget() {
	l.results.clear()
	l.draw()
}

// draw draws the result shown over the picture.
func (l *liveScreen) draw() {
	l.drawing.Update(l.results.shown)
	l.overlay.Show(&l.drawing, l.on)
	l.alarm.Update(l.drawing.Alarm)
}

// stop takes no more frames.
func (l *liveScreen) stop() { l.picture.restart(false); l.card = Card{} }

// openSheet shows what can be adjusted, over the lower part of the screen.
func (l *liveScreen) openSheet() {
	if l.sheet == nil || l.trouble.Visible() {
		return
	}
	if l.sheet.Visible() {
		l.closeSheet()
		return
	}
	l.sheet.SetPage(kit.Page{})
	l.sheet.Show()
	l.Panel.Relayout()
	l.do.adjust()
}

func (l *liveScreen) closeSheet() {
	if l.sheet != nil {
		kit.SetVisible(l.sheet, false)
	}
}

// toggleFreeze holds the picture, with what was found in it, or lets it go on.
func (l *liveScreen) toggleFreeze() { l.freeze(!l.frozen) }

func (l *liveScreen) freeze(on bool) {
	if l.frozen == on {
		return
	}
	l.frozen = on
	l.picture.hold(on)
	if on {
		l.tools[0].Change("go", phrases.Now.GoOn)
	} else {
		l.tools[0].Change("freeze", phrases.Now.Freeze)
	}
}

func (l *liveScreen) Back() {
	if l.sheet != nil && l.sheet.Visible() {
		l.closeSheet()
		return
	}
	if l.enrol.Visible() {
		l.do.cancelEnrol()
		return
	}
	l.do.back()
}

// setEnrolling puts the enrolment in the place of the figures, or takes it away.
func (l *liveScreen) setEnrolling(on bool) {
	kit.SetVisible(l.enrol, on)
	l.offerPeople()
	for _, o := range []fyne.CanvasObject{l.meters, l.seen, l.footer.Box} {
		kit.SetVisible(o, !on)
	}
	for _, b := range l.tools {
		kit.SetVisible(b, !on && l.sheet != nil)
	}
	kit.SetVisible(l.notice, !on && !l.notice.Empty())
}

// offerPeople shows the ways to the people, where the demo has them, and to
// what can be adjusted, while nothing else takes their place.
func (l *liveScreen) offerPeople() {
	free := !l.enrol.Visible() && !l.trouble.Visible()
	kit.SetVisible(l.people, l.card.People && free)
	kit.SetVisible(l.adjust, l.sheet != nil && free)
}

func (l *liveScreen) showProblem(p Problem) {
	l.trouble.show(p)
	l.trouble.Show()
	l.attract.Hide()
	l.closeSheet()
	l.offerPeople()
	l.Panel.Relayout()
}

func (l *liveScreen) clearProblem() {
	if l.trouble.Visible() {
		l.trouble.Hide()
		l.offerPeople()
		l.forget()
		l.wait(l.header.Title.Text)
	}
}

func (l *liveScreen) putStatus(s Status) {
	l.mu.Lock()
	l.status, l.newStatus = s, true
	l.mu.Unlock()
}

// Tick shows what is new.
func (l *liveScreen) Tick(now time.Time) {
	l.tickPicture()
	l.waiting.Tick(now)
	l.attract.tick(now)
	if l.sheet != nil && l.sheet.Visible() {
		l.sheet.Tick(now)
	}
	if !l.frozen && l.results.take() && !l.trouble.Visible() {
		l.draw()
		if now.Sub(l.seenAt) >= seenEvery {
			l.seenAt = now
			l.seen.Update(&l.drawing)
		}
	}
	l.mu.Lock()
	s, fresh := l.status, l.newStatus
	l.newStatus = false
	l.mu.Unlock()
	if fresh {
		l.showStatus(s)
	}
}

// tickPicture has a new picture painted, and makes room for it when its shape
// is another.
func (l *liveScreen) tickPicture() {
	size, ok := l.picture.waiting()
	if !ok {
		return
	}
	if size.X != l.pictureW || size.Y != l.pictureH {
		l.pictureW, l.pictureH = size.X, size.Y
		l.Panel.Relayout()
	}
	if !l.picture.raster.Visible() {
		l.waiting.Hide()
		l.picture.raster.Show()
	}
	l.picture.raster.Refresh()
}

func (l *liveScreen) showStatus(s Status) {
	l.meters.Update(overlay.Figures{FPS: s.FPS, Latency: s.Latency, Invoke: s.Invoke, Celsius: s.Celsius, Throttled: s.Throttled})
	n := s.Notice
	if n == "" && s.Source != "" && s.SourceKind == camera.KindBuiltin {
		n = phrases.Now.Builtin
	}
	changed := l.notice.Say(n)
	if l.enrol.Visible() {
		l.notice.Hide()
	}
	if s.DisplayFPS == 0 {
		s.DisplayFPS = l.picture.paints.perSecond(time.Now())
	}
	line := orNone(s.Model)
	if s.Source != "" {
		line = fmt.Sprintf("%s · %s %.0f/s", s.Source, phrases.Now.Display, s.DisplayFPS)
		if s.NetworkFPS > 0 && s.NetworkFPS < .9*s.FPS { // the other results are spared
			line += fmt.Sprintf(" · %s %s/s", phrases.Now.Network, overlay.RateText(s.NetworkFPS))
		}
		if s.Damaged > 0 || s.Lost > 0 {
			line += " · " + fmt.Sprintf(phrases.Now.CameraLoses, s.Lost, s.Damaged)
		}
	}
	if f := l.footer; f.Text != line {
		f.Text = line
		f.Place(f.Box.Position().X, f.Box.Position().Y, f.Box.Size().Width)
	}
	if changed {
		l.Panel.Relayout()
	}
}

func orNone(s string) string {
	if s == "" {
		return overlay.NoNumber
	}
	return s
}

// place lays the screen out upright or, on a wide window, with the picture at
// the left and the rest in a column beside it.
func (l *liveScreen) place(s fyne.Size) {
	kit.Put(l.trouble, 0, 0, s.Width, s.Height)
	kit.Put(l.attract, 0, 0, s.Width, s.Height)
	l.placeSheet(s)
	if s.Width > s.Height {
		const column = 440
		room := kit.NewArea(0, 0, s.Width-column, s.Height)
		side := kit.NewArea(room.Right()+kit.Margin, kit.HeaderBar, column-2*kit.Margin, s.Height-kit.HeaderBar)
		if l.trouble.Visible() {
			l.header.Place(kit.NewArea(0, 0, s.Width, kit.HeaderBar))
		} else {
			l.header.Place(kit.NewArea(room.Right(), 0, column, kit.HeaderBar))
		}
		l.placePicture(room)
		l.placeColumn(side, overlay.MetersNarrow)
		return
	}
	l.header.Place(kit.NewArea(0, 0, s.Width, kit.HeaderBar))
	tall := s.Width * float32(l.pictureH) / float32(l.pictureW)
	room := kit.NewArea(0, kit.HeaderBar, s.Width, min(tall, s.Height*0.5))
	l.placePicture(room)
	y := room.Bottom() + kit.Gap + 4
	l.placeColumn(kit.NewArea(kit.Margin, y, s.Width-2*kit.Margin, s.Height-y), overlay.MetersTall)
}

// placeSheet leaves the picture free, and on a wide window the left half.
func (l *liveScreen) placeSheet(s fyne.Size) {
	if l.sheet == nil {
		return
	}
	if s.Width > s.Height {
		kit.Put(l.sheet, s.Width/2, 0, s.Width/2, s.Height)
		return
	}
	y := kit.HeaderBar + s.Width*3/4 + kit.Gap
	kit.Put(l.sheet, 0, y, s.Width, s.Height-y)
}

func (l *liveScreen) placePicture(room kit.Area) {
	kit.Put(l.ground, room.X, room.Y, room.W, room.H)
	kit.Put(l.waiting, room.X, room.Y, room.W, room.H)
	kit.Put(l.alarm, room.X, room.Y, room.W, room.H)
	l.on = kit.Fit(l.pictureW, l.pictureH, room)
	// Whole pixels keep boxes and picture in step.
	l.on.X, l.on.Y = float32(math.Round(float64(l.on.X))), float32(math.Round(float64(l.on.Y)))
	kit.Put(l.picture.raster, l.on.X, l.on.Y, l.on.W, l.on.H)
	l.overlay.Show(&l.drawing, l.on)
}

// placeColumn places what is beneath or beside the picture.
func (l *liveScreen) placeColumn(a kit.Area, metersHeight float32) {
	kit.Put(l.enrol, a.X, a.Y, a.W, max(0, a.H-kit.Margin))
	y := a.Y
	kit.Put(l.meters, a.X, y, a.W, metersHeight)
	y += metersHeight + kit.Gap
	if l.notice.Visible() {
		h := l.notice.Height(a.W)
		kit.Put(l.notice, a.X, y, a.W, h)
		y += h + kit.Gap
	}
	bottom := a.Bottom() - kit.Margin
	if l.sheet != nil {
		bottom -= kit.Finger
		kit.PlaceRow(kit.NewArea(a.X, bottom, a.W, kit.Finger), l.tools[:]...)
		bottom -= kit.Gap / 2
	}
	h := max(l.footer.Reflow(a.W), 34)
	bottom -= h
	l.footer.Place(a.X, bottom, a.W)
	kit.Put(l.seen, a.X, y, a.W, max(0, bottom-8-y))
}
