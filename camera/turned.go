package camera

import (
	"context"

	"reterminal-vision/camera/frame"
)

// turned is a Source whose pictures are set upright.
type turned struct {
	Source
	turn frame.Turn
	pool frame.Pool
}

// newTurned takes over src.
func newTurned(src Source, t frame.Turn) Source { return &turned{Source: src, turn: t} }

// SetTurn implements Turner.
func (t *turned) SetTurn(turn frame.Turn) error {
	if err := turn.Check(); err != nil {
		return err
	}
	t.turn = turn
	return nil
}

// Info implements Source.
func (t *turned) Info() Info {
	i := t.Source.Info()
	if t.turn.Sideways() {
		i.Width, i.Height = i.Height, i.Width
	}
	return i
}

// Counts implements Counter.
func (t *turned) Counts() Counts {
	if c, ok := t.Source.(Counter); ok {
		return c.Counts()
	}
	return Counts{}
}

// Read implements Source.
func (t *turned) Read(ctx context.Context) (*frame.Frame, error) {
	f, err := t.Source.Read(ctx)
	if err != nil || t.turn == (frame.Turn{}) {
		return f, err
	}
	defer f.Release()
	return t.turn.Apply(f, &t.pool)
}
