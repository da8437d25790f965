package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
)

// wishes writes down what was tapped on pages.
type wishes struct{ made []string }

func (w *wishes) ShowPage(page any)             { w.made = append(w.made, fmt.Sprint("show ", page)) }
func (w *wishes) Choose(page any, a kit.Action) { w.made = append(w.made, fmt.Sprint(page, ": ", a)) }
func (w *wishes) Step(page any, a kit.Action, up bool) {
	w.made = append(w.made, fmt.Sprint(page, ": ", a, " ", up))
}

func somePage(id any) kit.Page {
	return kit.Page{Key: id, Title: "Camera", Groups: []kit.Group{
		{Title: "Video source", Rows: []kit.Row{
			{Action: "auto", Label: "Automatic", Detail: "the first that is connected"},
			{Action: "c525", Label: "HD Webcam C525", Detail: "/dev/video0", Chosen: true}}},
		{Title: "Pictures", Rows: []kit.Row{
			{Action: "vga", Label: "640 x 480", Detail: "YUYV, up to 30 a second", Chosen: true},
			{Action: "hd", Label: "1280 x 720", Detail: "MJPG, up to 30 a second"}}},
		{Title: "Light and focus", Text: "What the driver lets be set.", Rows: []kit.Row{
			{Kind: kit.RowStep, Action: "brightness", Label: "Brightness", Value: "128", Less: true, More: true},
			{Kind: kit.RowStep, Action: "mains", Label: "Mains frequency", Value: "50 Hz", More: true}}},
		{Title: "More", Rows: []kit.Row{
			{Kind: kit.RowLead, Action: "models", Label: "Models", Value: "12"},
			{Kind: kit.RowAction, Action: "fetch", Label: "Fetch", Detail: "4.2 MB, needs the network", Progress: .4},
			{Kind: kit.RowAction, Action: "delete", Label: "Delete", Danger: true},
			{Kind: kit.RowFact, Action: "fact", Label: "Temperature", Detail: "61 °C", State: "pass"},
			{Kind: kit.RowFact, Label: "Memory", Detail: "A rather long explanation of what is the matter with the memory of this device, over several lines", State: "warn"}}},
	}}
}

// A page shows what can be chosen and tells what is tapped; it stays where it
// was scrolled to when it is shown anew.
func TestPage(t *testing.T) {
	for _, o := range []struct {
		name string
		size fyne.Size
	}{{"portrait", portrait}, {"landscape", landscape}} {
		t.Run(o.name, func(t *testing.T) {
			u, _ := newTestUI(t, o.size, false)
			w := u.opt.Pages.(*wishes)
			u.Pages.Open("camera")
			u.Pages.Show(somePage("another")) // is not shown
			u.Pages.Show(somePage("camera"))
			s := u.stack.Top().(*kit.PageScreen)
			look(t, u, o.name+"-page")
			for _, id := range []string{"hd", "models", "fetch", "fact"} {
				s.Rows.Find(id).Tapped(nil)
			}
			s.Rows.Find("brightness").Less.Tapped(nil)
			more := s.Rows.Find("mains")
			more.TapAt(more.More.Position().AddXY(5, 5)) // a tap that strayed
			want := []string{"show camera", "camera: hd", "camera: models", "camera: fetch", "camera: brightness false", "camera: mains true"}
			if !slices.Equal(w.made, want) {
				t.Errorf("asked for %q, want %q", w.made, want)
			}
			if more.Less.Visible() {
				t.Error("less is offered where there is none")
			}
			s.Rows.Scroll.ScrollTo(200)
			at, kept := s.Rows.Scroll.Offset, s.Rows.Find("hd")
			changed := somePage("camera")
			changed.Wrong = "The settings are not kept: free some space"
			changed.Groups[2].Rows[0].Value = "129"
			u.Pages.Show(changed)
			look(t, u, o.name+"-page-wrong")
			if s.Rows.Scroll.Offset < at-1 || s.Rows.Find("hd") != kept {
				t.Errorf("the list moved from %v to %v, or rows that are alike were made anew", at, s.Rows.Scroll.Offset)
			}
			s.Back()
			if u.stack.Top() != u.home {
				t.Error("back does not lead to the gallery")
			}
			first := somePage("welcome")
			first.First = true
			u.Pages.Open("welcome")
			u.Pages.Show(first)
			u.stack.Top().Back()
			if u.stack.Top() == u.home {
				t.Error("the first page was left by the way back")
			}
		})
	}
}

// The sheet opens over a demo, takes what is tapped, and goes away by its
// button and the way back.
func TestSheet(t *testing.T) {
	for _, o := range []struct {
		name string
		size fyne.Size
	}{{"portrait", portrait}, {"landscape", landscape}} {
		t.Run(o.name, func(t *testing.T) {
			u, d := newTestUI(t, o.size, false)
			w := u.opt.Pages.(*wishes)
			u.ShowDemo("objects")
			u.Live.Status(okStatus())
			u.live.adjust.Tapped(nil)
			u.Pages.Show(somePage(u.opt.Adjust))
			look(t, u, o.name+"-sheet")
			u.live.sheet.Rows.Find("hd").Tapped(nil)
			u.live.sheet.Close.Tapped(nil)
			if u.live.sheet.Visible() {
				t.Error("the sheet stays")
			}
			u.live.adjust.Tapped(nil)
			u.live.Back()
			if u.live.sheet.Visible() || u.stack.Top() != u.live {
				t.Error("the way back does not lead from the sheet to the demo")
			}
			u.live.tools[2].Tapped(nil)
			if p, ok := u.stack.Top().(*kit.PageScreen); !ok || p.Page.Key != u.opt.About {
				t.Error("the demo is not explained")
			}
			u.stack.Top().Back()
			u.live.tools[1].Tapped(nil)
			if want := []string{"show adjust", "adjust: hd", "show adjust", "show about-demo"}; !slices.Equal(w.made, want) {
				t.Errorf("asked for %q, want %q", w.made, want)
			}
			if !slices.Contains(d.done, "save") {
				t.Errorf("the picture is not saved: %q", d.done)
			}
		})
	}
}

// A frozen picture stays until it may go on, and what was found with it.
func TestFreeze(t *testing.T) {
	u, _ := newTestUI(t, portrait, false)
	u.ShowDemo("objects")
	show := func(v byte) {
		f := smallFrame(v)
		u.Live.Frame(f)
		look(t, u, "freeze")
	}
	show(10)
	u.live.tools[0].Tapped(nil)
	show(200)
	img, _ := u.Live.Shown()
	if img == nil || img.Pix[0] != 10 {
		t.Errorf("the picture did not stay")
	}
	u.live.tools[0].Tapped(nil)
	show(200)
	if img, _ := u.Live.Shown(); img == nil || img.Pix[0] != 200 {
		t.Error("the picture does not go on")
	}
}

// The screen attracts, and a finger anywhere ends that; a dark one wakes.
func TestAttractAndBlank(t *testing.T) {
	for _, o := range []struct {
		name string
		size fyne.Size
	}{{"portrait", portrait}, {"landscape", landscape}} {
		t.Run(o.name, func(t *testing.T) {
			u, d := newTestUI(t, o.size, true)
			u.Attract("objects", u.Touches())
			u.Live.Status(okStatus())
			look(t, u, o.name+"-attract")
			u.live.attract.Tapped(nil)
			if u.stack.Top() != u.home || u.live.attract.Visible() {
				t.Error("a finger does not lead to the gallery")
			}
			u.Blank()
			look(t, u, o.name+"-blank")
			u.stack.Top().(*blank).Tapped(nil)
			if u.stack.Top() != u.home {
				t.Error("a finger does not wake the screen")
			}
			if n := strings.Count(strings.Join(d.done, "\n"), "wake"); n != 2 {
				t.Errorf("woken %d times: %q", n, d.done)
			}
		})
	}
}

// The screen does not begin to attract after a touch that came first, and goes
// on with the next demo until a finger ends it.
func TestAttractAfterATouch(t *testing.T) {
	for name, c := range map[string]struct {
		before, between func(u *UI) // of the first demo, and of it and the next
		first, next     bool
	}{
		"nobody":                    {first: true, next: true},
		"a touch before":            {before: (*UI).touched},
		"a tap on a card before":    {before: func(u *UI) { u.touched(); u.chooseDemo("objects") }},
		"work that is waited for":   {before: (*UI).Working, first: true, next: true},
		"a finger ends it":          {between: func(u *UI) { u.live.attract.Tapped(nil) }, first: true},
		"a button ends it":          {between: func(u *UI) { u.Touch() }, first: true},
		"a pointer moves over it":   {between: (*UI).touched, first: true, next: true},
		"a demo is started from it": {between: func(u *UI) { u.live.attract.Tapped(nil); u.chooseDemo("objects") }, first: true},
	} {
		t.Run(name, func(t *testing.T) {
			u, _ := newTestUI(t, portrait, true)
			touches := u.Touches()
			step := func(do func(*UI), want bool) {
				t.Helper()
				if do != nil {
					do(u)
				}
				before := u.stack.Top()
				if shown := u.Attract("objects", touches); shown != want || u.live.attract.Visible() != want {
					t.Errorf("shown %v, visible %v, want %v", shown, u.live.attract.Visible(), want)
				}
				if !want && u.stack.Top() != before {
					t.Error("it takes the place of what the finger has opened")
				}
			}
			step(c.before, c.first)
			step(c.between, c.next)
		})
	}
}

// A PIN is taken digit by digit; what is wrong with it is told.
func TestPIN(t *testing.T) {
	u, _ := newTestUI(t, portrait, true)
	got, unlocked := "", 0
	var later func(string, func())
	ask := func() {
		u.Pages.AskPIN("PIN", "For operators of this device.", func(pin string, answer func(string, func())) {
			got = pin
			if later != nil {
				later = answer
				return
			}
			wrong := ""
			if pin != "2580" {
				wrong = "That is not the PIN."
			}
			answer(wrong, func() { unlocked++ })
		})
	}
	ask()
	tap := func(keys string) {
		for _, k := range keys {
			u.pin.press(string(k))
		}
	}
	tap("12")
	u.pin.press(pinAccept)
	if u.pin.wrong.Text != phrases.Now.PinShort {
		t.Errorf("two digits: %q", u.pin.wrong.Text)
	}
	u.pin.press(pinErase)
	tap("111999999")
	look(t, u, "portrait-pin")
	u.pin.press(pinAccept)
	if got != "11119999" || u.pin.wrong.Text == "" || u.stack.Top() != u.pin {
		t.Errorf("took %q, says %q", got, u.pin.wrong.Text)
	}
	look(t, u, "portrait-pin-wrong")
	tap("2580")
	u.pin.press(pinAccept)
	if got != "2580" || u.stack.Top() != u.home || unlocked != 1 {
		t.Errorf("took %q, unlocked %d times", got, unlocked)
	}
	// While a number is looked at no other is taken, and who has left is not let in.
	later = func(string, func()) {}
	ask()
	tap("2580")
	u.pin.press(pinAccept)
	tap("1")
	u.pin.press(pinAccept)
	if u.pin.typed != "2580" {
		t.Errorf("typed %q while 2580 was looked at", u.pin.typed)
	}
	u.pin.Back()
	later("", func() { unlocked++ })
	if unlocked != 1 || u.stack.Top() != u.home {
		t.Errorf("unlocked %d times", unlocked)
	}
}

// What takes a PIN is told of once it was left, and a screen that is left alone
// whatever it shows.
func TestLeaving(t *testing.T) {
	u, d := newTestUI(t, portrait, true)
	var told []string
	u.leave.tell = func() { told = append(told, "left") }
	u.away.tell = func() { told = append(told, "away") }
	now := time.Now()
	for i, c := range []struct {
		do    func()
		after time.Duration // the tick then
		want  string        // told by then
	}{
		{func() {}, time.Second, ""},
		{func() { u.Pages.Open(u.opt.About) }, time.Second, ""},
		{u.ShowHome, 2 * time.Second, ""},
		{func() {}, time.Second, ""},
		{func() { u.Pages.Open("settings") }, time.Second, ""},
		{u.ShowHome, time.Millisecond, ""},
		{func() { u.Pages.Open("camera") }, 2 * time.Second, ""}, // another page at once
		{u.ShowHome, time.Second, ""},
		{func() {}, time.Second, "left"},
		{func() {}, 10 * time.Second, "left"},
		{func() { u.ShowDemo("face-recognition") }, 2 * time.Second, "left"},
		{u.People.Open, time.Second, "left"},
		{func() { u.People.id, u.People.of = "", "Zoe"; u.People.enrol() }, 2 * time.Second, "left"}, // is not left yet
		{u.People.cancelEnrol, time.Second, "left"},
		{func() {}, time.Second, "left left"},
		{func() { u.touched(); now = time.Now() }, awayAfter - time.Second, "left left"},
		{func() {}, 2 * time.Second, "left left away"},
		{func() {}, 3 * awayAfter, "left left away"},
		{func() { u.touched(); now = time.Now() }, awayAfter + time.Second, "left left away away"},
	} {
		c.do()
		now = now.Add(c.after)
		u.tick(now)
		if got := strings.Join(told, " "); got != c.want {
			t.Fatalf("step %d: told %q, want %q", i, got, c.want)
		}
	}
	u.People.Open()
	u.Pages.Open("settings")
	u.Pages.Leave()
	if u.stack.Top() != u.live {
		t.Error("the demo is not shown again")
	}
	u.People.Open()
	u.People.enrol()
	d.done = nil
	u.Pages.Leave()
	if u.stack.Top() != u.live || u.live.enrol.Visible() || strings.Join(d.done, ",") != "stop enrol" {
		t.Errorf("the enrolment goes on: %q", d.done)
	}
	u.ShowHome()
	u.Pages.AskPIN("PIN", "", func(string, func(string, func())) {})
	u.Pages.Leave()
	u.Pages.Leave()
	if u.stack.Top() != u.home {
		t.Error("the gallery is not shown again")
	}
}
