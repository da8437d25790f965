package light

import "testing"

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		hour, from, to int
		want           bool
	}{
		{3, 0, 0, false}, {3, 22, 7, true}, {23, 22, 7, true}, {22, 22, 7, true}, {7, 22, 7, false}, {12, 22, 7, false},
		{12, 9, 17, true}, {17, 9, 17, false}, {8, 9, 17, false},
	} {
		if got := within(c.hour, c.from, c.to); got != c.want {
			t.Errorf("%d from %d to %d: %v", c.hour, c.from, c.to, got)
		}
	}
}
