package ui

import (
	"fmt"
	"math"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/camera"
)

// liveActions are what a person can do on the live screen.
type liveActions struct {
	back, quit, people                func()
	adjust, save, about               func()      // nil where there are no pages
	pages                             PageHandler // of the sheet; nil for none
	wake                              func()
	retryEnrol, endEnrol, cancelEnrol func()
}

// adjustPage is the page on the live view's sheet.
const adjustPage = "adjust"

// liveScreen is a running demo: the picture first, with what was found drawn
// over it, then how fast it is and what is in view.
type liveScreen struct {
	panel
	do   liveActions
	card Card // of the demo

	header  *header
	people  *button
	adjust  *button // opens the sheet
	tools   [3]*button
	sheet   *sheet // nil for none
	attract *attract
	ground  *canvas.Rectangle // behind the picture
	picture *picture
	overlay *overlay
	alarm   *alarm
	results results
	waiting *waiting
	meters  *meters
	notice  *notice
	seen    *seenList
	footer  *paragraph
	enrol   *enrolPanel
	trouble *trouble

	frozen             bool // the picture is held
	pictureW, pictureH int  // of the frames
	on                 area // where the picture is
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
		ground:  rect(colors.picture),
		picture: newPicture(),
		overlay: newOverlay(),
		alarm:   newAlarm(),
		results: newResults(),
		waiting: newWaiting(),
		meters:  newMeters(),
		notice:  newNotice(),
		seen:    newSeenList(),
		enrol:   newEnrolPanel(do.retryEnrol, do.endEnrol, do.cancelEnrol),
		trouble: newTrouble(do.back, do.quit),
		footer:  newParagraph("", sizeSmall-2, colors.muted, false, 2),
		attract: newAttract(do.wake),
	}
	l.people = newButton("people", "", false, do.people)
	l.adjust = newButton("adjust", "", false, l.openSheet)
	l.header = newHeader(l.back, l.people, l.adjust)
	l.tools = [3]*button{
		newButton("freeze", say.Freeze, false, l.toggleFreeze),
		newButton("save", say.SaveIt, false, do.save),
		newButton("info", say.Why, false, do.about),
	}
	objects := []fyne.CanvasObject{l.ground, l.picture.raster, l.overlay.box, l.alarm, l.waiting, l.meters, l.notice,
		l.seen, l.footer.box}
	for _, b := range l.tools {
		objects = append(objects, b)
	}
	objects = append(append(objects, l.enrol, l.trouble), l.header.objects()...)
	if do.pages != nil {
		l.sheet = newSheet(do.pages, l.closeSheet)
		objects = append(objects, l.sheet)
	}
	l.panel.show(append(objects, l.attract)...)
	l.panel.init(l, l.place)
	return l
}

// start waits for the first frame of a demo.
func (l *liveScreen) start(c Card) {
	l.card, l.header.title.text, l.pictureW, l.pictureH = c, c.Title, 4, 3
	l.trouble.Hide()
	l.attract.Hide()
	l.closeSheet()
	l.freeze(false)
	l.meters.course.clear()
	l.overlay.attributes.name(c.People)
	l.seen.names = c.People
	l.setEnrolling(false)
	l.picture.restart(true)
	l.forget()
	l.seen.clear()
	l.mu.Lock()
	l.newStatus = false
	l.mu.Unlock()
	l.showStatus(Status{Model: c.Model})
	l.wait(c.Title)
}

// wait shows that a first frame is awaited.
func (l *liveScreen) wait(title string) {
	l.waiting.say(say.Starting + " " + title + ellipsis)
	l.picture.raster.Hide()
	l.waiting.Show()
	l.panel.relayout()
}

// forget takes away what was drawn over the picture.
func (l *liveScreen) forget() {
	l.results.clear()
	l.overlay.show(l.results.shown, l.on)
	l.alarm.hide()
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
	l.sheet.show(Page{ID: adjustPage})
	l.sheet.Show()
	l.panel.relayout()
	l.do.adjust()
}

func (l *liveScreen) closeSheet() {
	if l.sheet != nil {
		setVisible(l.sheet, false)
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
		l.tools[0].change("go", say.GoOn)
	} else {
		l.tools[0].change("freeze", say.Freeze)
	}
}

func (l *liveScreen) back() {
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
	setVisible(l.enrol, on)
	l.offerPeople()
	for _, o := range []fyne.CanvasObject{l.meters, l.seen, l.footer.box} {
		setVisible(o, !on)
	}
	for _, b := range l.tools {
		setVisible(b, !on && l.sheet != nil)
	}
	setVisible(l.notice, !on && l.notice.words.text != "")
}

// offerPeople shows the ways to the people, where the demo has them, and to
// what can be adjusted, while nothing else takes their place.
func (l *liveScreen) offerPeople() {
	free := !l.enrol.Visible() && !l.trouble.Visible()
	setVisible(l.people, l.card.People && free)
	setVisible(l.adjust, l.sheet != nil && free)
}

func (l *liveScreen) showProblem(p Problem) {
	l.trouble.show(p)
	l.trouble.Show()
	l.attract.Hide()
	l.closeSheet()
	l.offerPeople()
	l.panel.relayout()
}

func (l *liveScreen) clearProblem() {
	if l.trouble.Visible() {
		l.trouble.Hide()
		l.offerPeople()
		l.forget()
		l.wait(l.header.title.text)
	}
}

func (l *liveScreen) putStatus(s Status) {
	l.mu.Lock()
	l.status, l.newStatus = s, true
	l.mu.Unlock()
}

// tick shows what is new.
func (l *liveScreen) tick(now time.Time) {
	l.tickPicture()
	l.waiting.tick(now)
	l.attract.tick(now)
	if l.sheet != nil && l.sheet.Visible() {
		l.sheet.tick(now)
	}
	if !l.frozen && l.results.take() && !l.trouble.Visible() {
		l.overlay.show(l.results.shown, l.on)
		l.alarm.show(l.results.shown)
		if now.Sub(l.seenAt) >= seenEvery {
			l.seenAt = now
			l.seen.show(l.results.shown)
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
		l.panel.relayout()
	}
	if !l.picture.raster.Visible() {
		l.waiting.Hide()
		l.picture.raster.Show()
	}
	l.picture.raster.Refresh()
}

func (l *liveScreen) showStatus(s Status) {
	l.meters.show(&s)
	n := s.Notice
	if n == "" && s.Source != "" && s.SourceKind == camera.KindBuiltin {
		n = say.Builtin
	}
	changed := l.notice.say(n)
	if l.enrol.Visible() {
		l.notice.Hide()
	}
	if s.DisplayFPS == 0 {
		s.DisplayFPS = l.picture.paints.perSecond(time.Now())
	}
	line := orNone(s.Model)
	if s.Source != "" {
		line = fmt.Sprintf("%s · %s %.0f/s", s.Source, say.Display, s.DisplayFPS)
		if s.NetworkFPS > 0 && s.NetworkFPS < .9*s.FPS { // the other results are spared
			line += fmt.Sprintf(" · %s %s/s", say.Network, rateText(s.NetworkFPS))
		}
		if s.Damaged > 0 || s.Lost > 0 {
			line += " · " + fmt.Sprintf(say.CameraLoses, s.Lost, s.Damaged)
		}
	}
	if f := l.footer; f.text != line {
		f.text = line
		f.place(f.box.Position().X, f.box.Position().Y, f.box.Size().Width)
	}
	if changed {
		l.panel.relayout()
	}
}

func orNone(s string) string {
	if s == "" {
		return noNumber
	}
	return s
}

// place lays the screen out upright or, on a wide window, with the picture at
// the left and the rest in a column beside it.
func (l *liveScreen) place(s fyne.Size) {
	put(l.trouble, 0, 0, s.Width, s.Height)
	put(l.attract, 0, 0, s.Width, s.Height)
	l.placeSheet(s)
	if s.Width > s.Height {
		const column = 440
		room := area{0, 0, s.Width - column, s.Height}
		side := area{room.right() + margin, headerBar, column - 2*margin, s.Height - headerBar}
		if l.trouble.Visible() {
			l.header.place(area{0, 0, s.Width, headerBar})
		} else {
			l.header.place(area{room.right(), 0, column, headerBar})
		}
		l.placePicture(room)
		l.placeColumn(side, metersNarrow)
		return
	}
	l.header.place(area{0, 0, s.Width, headerBar})
	tall := s.Width * float32(l.pictureH) / float32(l.pictureW)
	room := area{0, headerBar, s.Width, min(tall, s.Height*0.5)}
	l.placePicture(room)
	y := room.bottom() + gap + 4
	l.placeColumn(area{margin, y, s.Width - 2*margin, s.Height - y}, metersTall)
}

// placeSheet leaves the picture free, and on a wide window the left half.
func (l *liveScreen) placeSheet(s fyne.Size) {
	if l.sheet == nil {
		return
	}
	if s.Width > s.Height {
		put(l.sheet, s.Width/2, 0, s.Width/2, s.Height)
		return
	}
	y := headerBar + s.Width*3/4 + gap
	put(l.sheet, 0, y, s.Width, s.Height-y)
}

func (l *liveScreen) placePicture(room area) {
	put(l.ground, room.x, room.y, room.w, room.h)
	put(l.waiting, room.x, room.y, room.w, room.h)
	put(l.alarm, room.x, room.y, room.w, room.h)
	l.on = fit(l.pictureW, l.pictureH, room)
	// Whole pixels keep boxes and picture in step.
	l.on.x, l.on.y = float32(math.Round(float64(l.on.x))), float32(math.Round(float64(l.on.y)))
	put(l.picture.raster, l.on.x, l.on.y, l.on.w, l.on.h)
	l.overlay.show(l.results.shown, l.on)
}

// placeColumn places what is beneath or beside the picture.
func (l *liveScreen) placeColumn(a area, metersHeight float32) {
	put(l.enrol, a.x, a.y, a.w, max(0, a.h-margin))
	y := a.y
	put(l.meters, a.x, y, a.w, metersHeight)
	y += metersHeight + gap
	if l.notice.Visible() {
		h := l.notice.height(a.w)
		put(l.notice, a.x, y, a.w, h)
		y += h + gap
	}
	bottom := a.bottom() - margin
	if l.sheet != nil {
		bottom -= finger
		placeRow(area{a.x, bottom, a.w, finger}, l.tools[:]...)
		bottom -= gap / 2
	}
	h := max(l.footer.reflow(a.w), 34)
	bottom -= h
	l.footer.place(a.x, bottom, a.w)
	put(l.seen, a.x, y, a.w, max(0, bottom-8-y))
}

// notice is a line that must not be missed.
type notice struct {
	panel
	ground *canvas.Rectangle
	sign   *canvas.Image
	words  *paragraph
}

const noticePad, noticeSign = 16, 40

func newNotice() *notice {
	n := &notice{
		ground: rounded(colors.surface, radius),
		sign:   glyph("warning"),
		words:  newParagraph("", sizeBody, colors.warning, true, 3),
	}
	n.ground.StrokeColor, n.ground.StrokeWidth = colors.warning, 3
	n.panel.show(n.ground, n.sign, n.words.box)
	n.panel.init(n, n.place)
	n.Hide()
	return n
}

// say shows the words, none hides the notice; it tells whether that needs
// another layout.
func (n *notice) say(words string) bool {
	if n.words.text == words {
		return false
	}
	n.words.text = words
	setVisible(n, words != "")
	if !n.Size().IsZero() {
		n.place(n.Size())
	}
	return true
}

func (n *notice) height(w float32) float32 {
	return max(noticeSign, n.words.reflow(w-3*noticePad-noticeSign)) + 2*noticePad
}

func (n *notice) place(s fyne.Size) {
	put(n.ground, 0, 0, s.Width, s.Height)
	put(n.sign, noticePad, (s.Height-noticeSign)/2, noticeSign, noticeSign)
	w := s.Width - 3*noticePad - noticeSign
	h := n.words.reflow(w)
	n.words.place(2*noticePad+noticeSign, (s.Height-h)/2, w)
}

// waiting shows that something is about to come.
type waiting struct {
	panel
	words *paragraph
	dots  [3]*canvas.Circle
	step  int
}

func newWaiting() *waiting {
	w := &waiting{words: newParagraph("", sizeBody+3, colors.text, false, 2)}
	w.words.center = true
	objects := []fyne.CanvasObject{w.words.box}
	for i := range w.dots {
		w.dots[i] = canvas.NewCircle(colors.raised)
		objects = append(objects, w.dots[i])
	}
	w.panel.show(objects...)
	w.panel.init(w, w.place)
	return w
}

func (w *waiting) say(words string) { w.words.text = words; w.panel.relayout() }

func (w *waiting) place(s fyne.Size) {
	const dot, space = 22, 20
	x := (s.Width - 3*dot - 2*space) / 2
	for i, d := range w.dots {
		put(d, x+float32(i)*(dot+space), s.Height/2-dot-gap, dot, dot)
	}
	w.words.place(margin, s.Height/2+gap, s.Width-2*margin)
}

// tick lights one dot after the other, three a second.
func (w *waiting) tick(now time.Time) {
	step := int(now.UnixMilli()/300) % len(w.dots)
	if !w.Visible() || step == w.step {
		return
	}
	w.step = step
	for i, d := range w.dots {
		c := colors.outline
		if i == step {
			c = colors.accent
		}
		d.FillColor = c
		d.Refresh()
	}
}
