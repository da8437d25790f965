package camera

import "context"

// turned is a Source whose pictures are set upright.
type turned struct {
	Source
	turn Turn
	pool Pool
}

// newTurned takes over src.
func newTurned(src Source, t Turn) Source { return &turned{Source: src, turn: t} }

// SetTurn implements Turner.
func (t *turned) SetTurn(turn Turn) error {
	if err := turn.Check(); err != nil {
		return err
	}
	t.turn = turn
	return nil
}

// Info implements Source.
func (t *turned) Info() Info {
	i := t.Source.Info()
	if t.turn.sideways() {
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
func (t *turned) Read(ctx context.Context) (*Frame, error) {
	f, err := t.Source.Read(ctx)
	if err != nil || t.turn == (Turn{}) {
		return f, err
	}
	defer f.Release()
	return t.turn.apply(f, &t.pool)
}
