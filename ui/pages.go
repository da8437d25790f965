package ui

import (
	"image"

	"reterminal-vision/ui/kit"
)

// Picture paints a page for people who were not there: its title, and all its
// groups, however tall that is. Group after group, so that the screen is never
// held up for long: what painting one takes grows with the square of its height.
func (u *UI) Picture(p kit.Page) image.Image {
	var parts []image.Image
	for i := -1; i < len(p.Groups); i++ {
		part := kit.Page{Title: p.Title}
		if i >= 0 {
			part = kit.Page{Groups: p.Groups[i : i+1]}
		}
		done := make(chan struct{})
		u.do(func() {
			defer close(done)
			parts = append(parts, kit.PaintPage(part, u.opt.Size.Width))
		})
		select {
		case <-done:
		case <-u.ended:
			return nil
		}
	}
	return kit.Stacked(parts)
}
