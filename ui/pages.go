package ui

import (
	"image"

	"reterminal-vision/ui/kit"
)

// Pages are what a person chooses and sets, over the gallery or a demo, with the
// question for a PIN that may come before. Their methods may be called from any
// goroutine.
type Pages struct {
	ui    *UI
	asked int // questions for a number so far; UI goroutine
}

// Open shows a page, whose handler is asked what is on it.
func (p *Pages) Open(page any) { p.ui.do(func() { p.open(page) }) }

// open shows a page over what is shown, and asks what is on it.
func (p *Pages) open(page any) {
	p.ui.touched()
	if s := p.shown(page); s != nil {
		p.ui.stack.PopTo(s)
	} else {
		p.ui.stack.Push(kit.NewPageScreen(page, p.ui.opt.Pages, p.ui.stack.Pop))
	}
	p.ui.opt.Pages.ShowPage(page)
}

// shown is the screen of a page that is shown or beneath, nil for none.
func (p *Pages) shown(key any) *kit.PageScreen {
	for _, s := range p.ui.stack.Screens {
		if page, ok := s.(*kit.PageScreen); ok && page.Page.Key == key {
			return page
		}
	}
	return nil
}

// Close goes back from a page that is shown, with all over it.
func (p *Pages) Close(page any) {
	p.ui.do(func() {
		if s := p.shown(page); s != nil {
			p.ui.stack.PopTo(s)
			if len(p.ui.stack.Screens) > 1 {
				p.ui.stack.Pop()
			}
		}
	})
}

// Show shows what is on a page, where it is shown.
func (p *Pages) Show(page kit.Page) {
	p.ui.do(func() {
		if page.Key == p.ui.opt.Adjust {
			if p.ui.live.sheet != nil && p.ui.live.sheet.Visible() {
				p.ui.live.sheet.SetPage(page)
			}
			return
		}
		if s := p.shown(page.Key); s != nil {
			s.SetPage(page)
		}
	})
}

// AskPIN asks for a number, which done takes on the UI goroutine. It answers
// what is wrong with it, from any goroutine, since to check one takes a while;
// "" is nothing: the screen goes away, and then is called.
func (p *Pages) AskPIN(title, words string, done func(pin string, answer func(wrong string, then func()))) {
	p.ui.do(func() {
		p.ui.touched()
		if p.ui.stack.Has(p.ui.pin) {
			p.ui.stack.PopTo(p.ui.pin)
		} else {
			p.ui.stack.Push(p.ui.pin)
		}
		p.asked++
		question := p.asked
		answer := func(wrong string, then func()) {
			p.ui.do(func() {
				if p.asked != question || p.ui.stack.Top() != p.ui.pin {
					return // whoever typed it has left
				}
				p.ui.pin.answered(wrong)
				if wrong == "" {
					p.ui.stack.Pop()
					then()
				}
			})
		}
		p.ui.pin.show(pinQuestion{title: title, words: words, back: p.ui.stack.Pop, done: func(pin string) { done(pin, answer) }})
	})
}

// inside reports whether something is shown that visitors may not reach.
func (p *Pages) inside() bool {
	for _, s := range p.ui.stack.Screens {
		switch s := s.(type) {
		case *homeScreen, *liveScreen, *blank:
		case *kit.PageScreen:
			if !s.Page.First && s.Page.Key != p.ui.opt.About {
				return true
			}
		default:
			return true
		}
	}
	return p.ui.stack.Has(p.ui.live) && p.ui.live.enrol.Visible()
}

// Leave goes back to what visitors may see: the demo that is shown, or the
// gallery.
func (p *Pages) Leave() {
	p.ui.do(func() {
		if p.ui.stack.Has(p.ui.live) && p.ui.live.enrol.Visible() {
			p.ui.People.cancelEnrol()
		}
		for len(p.ui.stack.Screens) > 1 && p.inside() {
			p.ui.stack.Pop()
		}
	})
}

// Picture paints a page for people who were not there: its title, and all its
// groups, however tall that is. Group after group, so that the screen is never
// held up for long: what painting one takes grows with the square of its height.
func (p *Pages) Picture(page kit.Page) image.Image {
	var parts []image.Image
	for i := -1; i < len(page.Groups); i++ {
		part := kit.Page{Title: page.Title}
		if i >= 0 {
			part = kit.Page{Groups: page.Groups[i : i+1]}
		}
		done := make(chan struct{})
		p.ui.do(func() {
			defer close(done)
			parts = append(parts, kit.PaintPage(part, p.ui.opt.Size.Width))
		})
		select {
		case <-done:
		case <-p.ui.ended:
			return nil
		}
	}
	return kit.Stacked(parts)
}
