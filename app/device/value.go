package device

// Or is the number, or another where there is none.
func (v Value) Or(other float64) float64 {
	if v.Known {
		return v.Number
	}
	return other
}
